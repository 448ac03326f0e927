using System.Text;
using System.Text.Json;

namespace CroPlatform.Experimentation.Facts;

/// <summary>Which facts a metric takes, and what each of them is worth.</summary>
internal sealed class EventReader
{
    private readonly string _type;
    private readonly TermValue _term;
    private readonly byte[][] _valuePath;
    private readonly EventFilter? _filter;

    /// <param name="valueProperty">Dotted path into the properties; empty: the event's own value.</param>
    public EventReader(string type, string valueProperty, ReadOnlyMemory<byte> filterJson, TermValue term)
    {
        (_type, _term) = (SharedNames.Of(type), term);
        _valuePath = [.. valueProperty.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];
        _filter = filterJson.IsEmpty ? null : EventFilter.Of(filterJson);
    }

    public bool Takes(Fact fact) => fact.Type == _type && (_filter is null || _filter.Holds(fact));

    /// <summary>In units of 1e-4; null if the fact has no value where one is needed.</summary>
    public long? ValueOf(Fact fact) => _term switch
    {
        TermValue.One => Scaled.One,
        TermValue.ValueOrOne => Read(fact) ?? Scaled.One,
        _ => Read(fact),
    };

    /// <summary>The sum over the facts with fromMs ≤ time &lt; toMs, within ±1e9.</summary>
    public long Sum(ReadOnlySpan<Fact> facts, long fromMs, long toMs)
    {
        var total = 0L;
        foreach (var fact in facts)
        {
            if (fact.TimeMs >= fromMs && fact.TimeMs < toMs && Takes(fact)) total += ValueOf(fact) ?? 0;
        }

        return Math.Clamp(total, -Scaled.Max, Scaled.Max);
    }

    private long? Read(Fact fact)
    {
        if (_valuePath.Length == 0) return fact.ValueE4;
        if (fact.Properties.IsEmpty) return null;
        using var document = JsonDocument.Parse(fact.Properties);
        var element = document.RootElement;
        foreach (var name in _valuePath)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element)) return null;
        }

        return Scaled.TryRead(element, out var value) ? value : null;
    }
}

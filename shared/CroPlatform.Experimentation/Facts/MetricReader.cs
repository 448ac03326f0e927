using System.Text;
using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.Facts;

/// <summary>Turns a unit's facts into its outcome of one metric.</summary>
internal sealed class MetricReader
{
    private readonly Metric _metric;
    private readonly byte[][] _valuePath;
    private readonly Condition? _filter;

    public MetricReader(Metric metric)
    {
        _metric = metric;
        _valuePath = [.. metric.ValueProperty.Split('.', StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];
        if (metric.FilterJson.IsEmpty) return;
        using var document = JsonDocument.Parse(metric.FilterJson);
        _filter = Condition.Parse(document.RootElement);
    }

    /// <summary>The outcome over the facts with fromMs ≤ time &lt; toMs, capped, in units of 1e-4 and within ±1e9.</summary>
    public long Outcome(IReadOnlyList<Fact> facts, long fromMs, long toMs)
    {
        var total = 0L;
        foreach (var fact in facts)
        {
            if (fact.TimeMs < fromMs || fact.TimeMs >= toMs || fact.Type != _metric.Event) continue;
            if (_filter is not null && !Passes(fact)) continue;
            switch (_metric.Kind)
            {
                case MetricKind.Conversion: return Scaled.One;
                case MetricKind.Count: total += Scaled.One; break;
                case MetricKind.Sum: total += Value(fact) ?? 0; break;
                default: throw new InvalidOperationException($"metric kind {_metric.Kind} cannot be folded");
            }
        }

        var cap = Math.Min(_metric.CapE4 ?? Scaled.Max, Scaled.Max);
        return Math.Max(Math.Min(total, cap), -Scaled.Max);
    }

    /// <summary>A filter sees the event's properties, at the top and under <c>properties</c>, and its <c>type</c> and <c>value</c>.</summary>
    private bool Passes(Fact fact)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (!fact.Properties.IsEmpty)
            {
                using var properties = JsonDocument.Parse(fact.Properties);
                foreach (var property in properties.RootElement.EnumerateObject()) property.WriteTo(writer);
                writer.WritePropertyName("properties");
                properties.RootElement.WriteTo(writer);
            }

            writer.WriteString("type", fact.Type);
            if (fact.ValueE4 is { } value) writer.WriteNumber("value", Scaled.ToDouble(value));
            writer.WriteEndObject();
        }

        using var attributes = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        return _filter!.Holds(attributes.RootElement);
    }

    private long? Value(Fact fact)
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

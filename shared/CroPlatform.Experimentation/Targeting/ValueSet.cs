using System.Text.Json;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>Values to look one up in, by JavaScript's Array.includes: objects and arrays are never members.</summary>
internal sealed class ValueSet
{
    // Comparing a few strings in place allocates nothing; a hash set needs the value as a string.
    private const int Few = 8;

    private readonly HashSet<string> _texts;
    private readonly string[]? _few;
    private readonly HashSet<double> _numbers = [];
    private readonly HashSet<JsonValueKind> _others = [];

    /// <param name="values">A JSON array.</param>
    public ValueSet(JsonElement values, bool ignoreCase = false)
    {
        _texts = new HashSet<string>(ignoreCase ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (var value in values.EnumerateArray())
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.String:
                    _texts.Add(value.GetString()!);
                    break;
                case JsonValueKind.Number:
                    _numbers.Add(value.GetDouble());
                    break;
                case JsonValueKind.Object or JsonValueKind.Array:
                    break;
                default:
                    _others.Add(value.ValueKind);
                    break;
            }
        }

        if (!ignoreCase && _texts.Count <= Few) _few = [.. _texts];
    }

    /// <summary>An array is in if any of its elements is.</summary>
    public bool Contains(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array) return IsMember(value);
        foreach (var element in value.EnumerateArray())
        {
            if (IsMember(element)) return true;
        }

        return false;
    }

    private bool IsMember(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => _few is null ? _texts.Contains(value.GetString()!) : IsOneOfFew(value),
        JsonValueKind.Number => _numbers.Contains(value.GetDouble()),
        JsonValueKind.Object or JsonValueKind.Array => false,
        var other => _others.Contains(other),
    };

    private bool IsOneOfFew(JsonElement value)
    {
        foreach (var text in _few!)
        {
            if (value.ValueEquals(text)) return true;
        }

        return false;
    }
}

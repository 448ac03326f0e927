using System.Globalization;
using System.Text.Json;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>JavaScript's comparisons and conversions of JSON values, which the reference's conditions rest on (ECMA-262, section 7).</summary>
internal static class JavaScript
{
    /// <summary>value === other; objects and arrays are never the same.</summary>
    public static bool AreSame(JsonElement value, JsonElement other) => (value.ValueKind, other.ValueKind) switch
    {
        (JsonValueKind.String, JsonValueKind.String) => value.ValueEquals(other.GetString()),
        (JsonValueKind.Number, JsonValueKind.Number) => value.GetDouble() == other.GetDouble(),
        (JsonValueKind.Object or JsonValueKind.Array, _) => false,
        var (a, b) => a == b,
    };

    /// <summary>Negative, 0 or positive as value is below, equal or above; null where JavaScript finds none of it true.</summary>
    public static int? Compare(JsonElement value, JsonElement other)
    {
        if (value.ValueKind == JsonValueKind.String && other.ValueKind == JsonValueKind.String)
        {
            return string.CompareOrdinal(value.GetString(), other.GetString());
        }

        var (a, b) = (Number(value), Number(other));
        return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
    }

    /// <summary>Number(value)</summary>
    public static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.True => 1,
        JsonValueKind.False or JsonValueKind.Null => 0,
        JsonValueKind.String when string.IsNullOrWhiteSpace(value.GetString()) => 0,
        JsonValueKind.String => Number(value.GetString()!.Trim()),
        _ => double.NaN,
    };

    private static double Number(string text)
    {
        if (text.Length > 2 && text[0] == '0' && text[1] is 'x' or 'X')
        {
            return ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex) ? hex : double.NaN;
        }

        // .NET reads "infinity", "nan" and "∞" too.
        if (text.Any(c => char.IsLetter(c) && c is not ('e' or 'E')) && text is not ("Infinity" or "+Infinity" or "-Infinity")) return double.NaN;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
    }

    /// <summary>JSON.stringify(value) === JSON.stringify(other), where the order of members counts.</summary>
    public static bool HasSameText(JsonElement value, JsonElement other) => (value.ValueKind, other.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => value.EnumerateObject().SequenceEqual(other.EnumerateObject(), Members.Instance),
        (JsonValueKind.Array, JsonValueKind.Array) => value.EnumerateArray().SequenceEqual(other.EnumerateArray(), Values.Instance),
        _ => AreSame(value, other),
    };

    /// <summary>String(value)</summary>
    public static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetDouble() is var number && number == Math.Truncate(number) && Math.Abs(number) < 1e21
            ? number.ToString("F0", CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.Null ? "" : Text(e))),
        JsonValueKind.Object => "[object Object]",
        _ => "null",
    };

    /// <summary>!!value</summary>
    public static bool IsTruthy(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False or JsonValueKind.Undefined => false,
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Number => value.GetDouble() != 0,
        _ => true,
    };

    /// <summary>The reference's getType: null, array, or typeof.</summary>
    public static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "null",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Object => "object",
        _ => "unknown",
    };

    private sealed class Values : EqualityComparer<JsonElement>
    {
        public static readonly Values Instance = new();

        public override bool Equals(JsonElement x, JsonElement y) => HasSameText(x, y);

        public override int GetHashCode(JsonElement obj) => (int)obj.ValueKind;
    }

    private sealed class Members : EqualityComparer<JsonProperty>
    {
        public static readonly Members Instance = new();

        public override bool Equals(JsonProperty x, JsonProperty y) => x.Name == y.Name && HasSameText(x.Value, y.Value);

        public override int GetHashCode(JsonProperty obj) => StringComparer.Ordinal.GetHashCode(obj.Name);
    }

    /// <summary>A number as a JSON value.</summary>
    public static JsonElement Element(int number) => JsonSerializer.SerializeToElement(number);
}

/// <summary>Versions as strings whose order is theirs: the reference's paddedVersionString.</summary>
internal static class PaddedVersion
{
    private const int Width = 5;

    public static string Of(JsonElement version)
    {
        var text = version.ValueKind is JsonValueKind.String or JsonValueKind.Number ? JavaScript.Text(version) : "";
        if (text.Length == 0) text = "0";
        if (text[0] == 'v') text = text[1..];
        var build = text.IndexOf('+', StringComparison.Ordinal);
        if (build >= 0) text = text[..build];
        var parts = text.Split('-', '.').ToList();
        // A release sorts after its pre-releases.
        if (parts.Count == 3) parts.Add("~");
        return string.Join('-', parts.Select(p => p.Length > 0 && p.All(char.IsAsciiDigit) ? p.PadLeft(Width) : p));
    }
}

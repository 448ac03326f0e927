using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CroPlatform.Services.Experiments.Decide.Audit;

/// <summary>
/// JSON as RFC 8785 (JCS) writes it: members in the order of their names' UTF-16 units, no white space, numbers as ECMAScript prints them.
/// A number beyond a double, for which the RFC has no form, becomes a string.
/// </summary>
internal static class CanonicalJson
{
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteAll(text, '{', '}', value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal), m =>
                {
                    WriteString(text, m.Name);
                    text.Append(':');
                    Write(text, m.Value);
                });
                break;
            case JsonValueKind.Array:
                WriteAll(text, '[', ']', value.EnumerateArray(), item => Write(text, item));
                break;
            case JsonValueKind.String:
                WriteString(text, value.GetString()!);
                break;
            case JsonValueKind.Number when double.IsFinite(value.GetDouble()):
                text.Append(Number(value.GetDouble()));
                break;
            case JsonValueKind.Number:
                WriteString(text, value.GetRawText());
                break;
            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void WriteAll<T>(StringBuilder text, char open, char close, IEnumerable<T> items, Action<T> write)
    {
        text.Append(open);
        var separator = "";
        foreach (var item in items)
        {
            text.Append(separator);
            write(item);
            separator = ",";
        }

        text.Append(close);
    }

    /// <summary>Quotation mark, backslash and control characters are escaped, nothing else.</summary>
    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    /// <summary>Number::toString of ECMA-262: the shortest digits that read back as the same number.</summary>
    private static string Number(double value)
    {
        if (value == 0) return "0";
        var parts = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture).Split('E');
        var whole = parts[0].Split('.')[0].TrimStart('0');
        var fraction = parts[0].Contains('.', StringComparison.Ordinal) ? parts[0].Split('.')[1] : "";
        var leading = whole.Length > 0 ? 0 : fraction.Length - fraction.TrimStart('0').Length;
        var digits = (whole + fraction).TrimStart('0').TrimEnd('0');

        // The number is 0.DIGITS times ten to this power.
        var power = whole.Length - leading + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        var text = power switch
        {
            > 0 and <= 21 when digits.Length <= power => digits.PadRight(power, '0'),
            > 0 and <= 21 => $"{digits[..power]}.{digits[power..]}",
            > -6 and <= 0 => "0." + new string('0', -power) + digits,
            _ => $"{digits[..1]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(power > 0 ? "+" : "-")}{Math.Abs(power - 1)}",
        };
        return value < 0 ? "-" + text : text;
    }
}

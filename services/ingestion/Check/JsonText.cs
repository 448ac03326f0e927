using System.Text.Json;

namespace CroPlatform.Services.Ingestion.Check;

/// <summary>Text that every later station can hold: no lone surrogates, no NUL (Postgres takes none), objects of bounded depth.</summary>
internal static class JsonText
{
    private const int MaxDepth = 16;

    /// <summary>The string, or null if it is not well-formed text.</summary>
    public static string? TryRead(JsonElement element)
    {
        try
        {
            var text = element.GetString()!;
            return text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (InvalidOperationException)
        {
            // GetString throws so for a lone surrogate or bytes that are not UTF-8.
            return null;
        }
    }

    /// <summary>Checks names and strings at every depth.</summary>
    public static Refusal? Check(JsonElement element, string field, int depth = 1)
    {
        if (depth > MaxDepth) return new Refusal(Codes.TooDeep, field, $"{field} may be nested {MaxDepth} deep");
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return TryRead(element) is null ? new Refusal(Codes.InvalidText, field, $"{field} holds text that is not valid Unicode, or a NUL") : null;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    if (Check(item, field, depth + 1) is { } refusal) return refusal;
                }

                return null;
            case JsonValueKind.Object:
                return CheckObject(element, field, depth);
            default:
                return null;
        }
    }

    private static Refusal? CheckObject(JsonElement element, string field, int depth)
    {
        foreach (var property in element.EnumerateObject())
        {
            if (TryName(property) is not { } name) return new Refusal(Codes.InvalidText, field, $"{field} holds a name that is not valid Unicode, or a NUL");
            if (Check(property.Value, $"{field}.{name}", depth + 1) is { } refusal) return refusal;
        }

        return null;
    }

    /// <summary>A property's name, or null if it is not well-formed text.</summary>
    public static string? TryName(JsonProperty property)
    {
        try
        {
            return property.Name.Contains('\0', StringComparison.Ordinal) ? null : property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

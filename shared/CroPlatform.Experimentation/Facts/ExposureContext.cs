using System.Text.Json;

namespace CroPlatform.Experimentation.Facts;

/// <summary>Where and how a unit was exposed, as its exposure's context said it; empty where it said nothing.</summary>
public sealed record ExposureContext(string Device, string Country, string City, string Browser, string Source, string Persona)
{
    public static readonly ExposureContext Unknown = new("", "", "", "", "", "");

    private const int MaxLength = 64;

    /// <summary>Reads an event's <c>context</c>. Longer values are cut, so that a unit's memory stays bounded.</summary>
    public static ExposureContext Of(ReadOnlyMemory<byte> contextJson)
    {
        if (contextJson.IsEmpty) return Unknown;
        using var document = JsonDocument.Parse(contextJson);
        var context = document.RootElement;
        var campaign = context.ValueKind == JsonValueKind.Object && context.TryGetProperty("campaign", out var given) ? given : default;
        return new ExposureContext(
            Text(context, "device_type"), Text(context, "country"), Text(context, "city"), Text(context, "browser"), Text(campaign, "source"), Text(context, "persona"));
    }

    private static string Text(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String) return "";
        var text = value.GetString()!;
        if (text.Length <= MaxLength) return SharedNames.Of(text);
        // Never half of a surrogate pair.
        return char.IsHighSurrogate(text[MaxLength - 1]) ? text[..(MaxLength - 1)] : text[..MaxLength];
    }
}

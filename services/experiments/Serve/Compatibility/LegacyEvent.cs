using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>
/// An event as existing clients send it, <c>{test_id, variant_id, event_type, session_id, device_type}</c> and whatever else they have, made into
/// one of ours. Members that have no other meaning stay as they are; the gateway checks the rest. Pure.
/// </summary>
/// <param name="Test">The experiment it names, or null.</param>
/// <param name="Variant">The variant it names, or null.</param>
/// <param name="Event">As POST /v1/events takes it.</param>
internal sealed record LegacyEvent(string? Test, string? Variant, JsonObject Event)
{
    private const long MillisecondsFrom = 100_000_000_000;

    private static readonly string[] ExposureTypes = ["impression", "view", "exposure"];
    private static readonly string[] Taken = ["event_type", "event_id", "test_id", "variant_id", "device_type", "revenue", "conversion_value"];

    public static (LegacyEvent? Event, FieldProblem? Problem) Read(JsonElement legacy)
    {
        if (legacy.ValueKind != JsonValueKind.Object) return (null, new FieldProblem("wrong_type", "event", "an event is an object"));
        if (BodyText.FaultIn(legacy) is { } fault) return (null, fault);
        string[] texts = ["test_id", "variant_id", "event_type", "type", "session_id", "visitor_id", "device_type", "event_id", "id"];
        foreach (var name in texts)
        {
            if (legacy.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
            {
                return (null, new FieldProblem("wrong_type", name, $"{name} must be a string"));
            }
        }

        if ((Text(legacy, "event_type") ?? Text(legacy, "type")) is not { } type) return (null, Missing("event_type"));
        if ((Text(legacy, "visitor_id") ?? Text(legacy, "session_id")) is not { } visitor) return (null, Missing("session_id"));
        var (test, variant) = (Text(legacy, "test_id"), Text(legacy, "variant_id"));
        var isExposure = ExposureTypes.Contains(type) && test is not null;
        if (isExposure && variant is null) return (null, Missing("variant_id"));

        var made = new JsonObject();
        foreach (var member in legacy.EnumerateObject().Where(m => !Taken.Contains(m.Name))) made[member.Name] = JsonNode.Parse(member.Value.GetRawText());
        made["type"] = isExposure ? "exposure" : type;
        made["visitor_id"] = visitor;
        if ((Text(legacy, "event_id") ?? Text(legacy, "id")) is { } id) made["id"] = id;
        if (Text(legacy, "device_type") is { } device) ObjectOf(made, "context")["device_type"] = device;
        if (Number(legacy, "value", "revenue", "conversion_value") is { } amount) made["value"] = JsonNode.Parse(amount.GetRawText());
        if (legacy.TryGetProperty("timestamp", out var time) && time.ValueKind == JsonValueKind.Number) made["timestamp"] = Iso(time);
        if (isExposure)
        {
            (made["experiment"], made["variant"]) = (test, variant);
        }
        else if (test is not null)
        {
            var properties = ObjectOf(made, "properties");
            (properties["test_id"], properties["variant_id"]) = (test, variant);
        }

        return (new LegacyEvent(test, variant, made), null);
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static JsonElement? Number(JsonElement json, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number) return value;
        }

        return null;
    }

    /// <summary>The member of this name as an object; what is none, the gateway would refuse, is left for it to refuse.</summary>
    private static JsonObject ObjectOf(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject existing) return existing;
        var made = new JsonObject();
        if (parent[name] is null) parent[name] = made;
        return made;
    }

    /// <summary>Seconds or milliseconds since 1970, as their size tells.</summary>
    private static JsonNode? Iso(JsonElement number)
    {
        if (!number.TryGetDouble(out var value)) return JsonNode.Parse(number.GetRawText());
        var ms = Math.Abs(value) < MillisecondsFrom ? value * 1_000 : value;
        return ms is > -62_135_596_800_000 and < 253_402_300_799_999
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)ms).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture)
            : JsonNode.Parse(number.GetRawText());
    }

    private static FieldProblem Missing(string field) => new("missing", field, $"{field} is required");
}

using System.Runtime.InteropServices;
using System.Text.Json;

namespace CroPlatform.Services.Ingestion.Check;

/// <summary>The members of one JSON event, sorted by name and checked for type and length; null means absent, as does JSON null.</summary>
internal sealed class EventFields(int maxObjectBytes)
{
    public const int MaxId = 128;
    public const int MaxUnit = 256;
    public const int MaxType = 64;
    public const int MaxKey = 128;

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public string? Id { get; private set; }
    public string? Type { get; private set; }
    public string? VisitorId { get; private set; }
    public string? UserId { get; private set; }
    public string? AccountId { get; private set; }
    public string? DeviceId { get; private set; }
    public string? SessionId { get; private set; }
    public string? Timestamp { get; private set; }
    public string? Currency { get; private set; }
    public JsonElement? Value { get; private set; }
    public JsonElement? Properties { get; private set; }
    public JsonElement? Page { get; private set; }
    public JsonElement? Context { get; private set; }
    public JsonElement? Experiment { get; private set; }
    public JsonElement? Variant { get; private set; }
    public JsonElement? Version { get; private set; }

    /// <summary>Members that no field is meant for.</summary>
    public List<(string Name, JsonElement Value)> Extras { get; } = [];

    /// <summary>The exposure's members, which are ordinary ones in any other event.</summary>
    public IEnumerable<(string Name, JsonElement Value)> ExposureFields()
    {
        if (Experiment is { } experiment) yield return ("experiment", experiment);
        if (Variant is { } variant) yield return ("variant", variant);
        if (Version is { } version) yield return ("version", version);
    }

    public Refusal? Read(JsonElement json)
    {
        foreach (var member in json.EnumerateObject())
        {
            if (JsonText.TryName(member) is not { } name) return new Refusal(Codes.InvalidText, "event", "a field's name is not valid Unicode, or holds a NUL");
            if (!_seen.Add(name)) return new Refusal(Codes.DuplicateField, name, $"{name} is there twice");
            if (member.Value.ValueKind == JsonValueKind.Null) continue;
            if (Take(name, member.Value) is { } refusal) return refusal;
        }

        return null;
    }

    public static Refusal? ReadText(JsonElement value, string field, int maxLength, out string text)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String) return Refusal.WrongType(field, "a string");
        if (JsonText.TryRead(value) is not { } read) return new Refusal(Codes.InvalidText, field, $"{field} is not valid Unicode, or holds a NUL");
        if (read.Length > maxLength) return new Refusal(Codes.TooLong, field, $"{field} may have {maxLength} characters");
        text = read;
        return null;
    }

    private Refusal? Take(string name, JsonElement value)
    {
        Refusal? refusal = null;
        switch (name)
        {
            case "id": Id = Text(value, name, MaxId, out refusal); break;
            case "type": Type = Text(value, name, MaxType, out refusal); break;
            case "visitor_id": VisitorId = Text(value, name, MaxUnit, out refusal); break;
            case "user_id": UserId = Text(value, name, MaxUnit, out refusal); break;
            case "account_id": AccountId = Text(value, name, MaxUnit, out refusal); break;
            case "device_id": DeviceId = Text(value, name, MaxUnit, out refusal); break;
            case "session_id": SessionId = Text(value, name, MaxUnit, out refusal); break;
            case "timestamp": Timestamp = Text(value, name, MaxType, out refusal); break;
            case "currency": Currency = Text(value, name, MaxType, out refusal); break;
            case "value":
                if (value.ValueKind != JsonValueKind.Number) return Refusal.WrongType(name, "a number");
                Value = value;
                break;
            case "properties": Properties = Object(value, name, out refusal); break;
            case "page": Page = Object(value, name, out refusal); break;
            case "context": Context = Object(value, name, out refusal); break;
            case "experiment": Experiment = value; break;
            case "variant": Variant = value; break;
            case "version": Version = value; break;
            default: Extras.Add((name, value)); break;
        }

        return refusal;
    }

    private static string Text(JsonElement value, string field, int maxLength, out Refusal? refusal)
    {
        refusal = ReadText(value, field, maxLength, out var text);
        return text;
    }

    private JsonElement Object(JsonElement value, string field, out Refusal? refusal)
    {
        refusal = value.ValueKind != JsonValueKind.Object ? Refusal.WrongType(field, "an object")
            : JsonMarshal.GetRawUtf8Value(value).Length > maxObjectBytes ? new Refusal(Codes.TooLong, field, $"{field} may have {maxObjectBytes} bytes")
            : JsonText.Check(value, field);
        return value;
    }
}

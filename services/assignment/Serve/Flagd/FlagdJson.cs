using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace CroPlatform.Services.Assignment.Serve.Flagd;

/// <summary>google.protobuf.Struct to JSON and back.</summary>
internal static class FlagdJson
{
    private static readonly JsonElement NoContext = JsonDocument.Parse("{}").RootElement;

    /// <summary>An evaluation context as JSON; an empty one where none was sent.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: a number is not finite, or the targeting key no string.</exception>
    public static JsonElement OfContext(Struct? context)
    {
        if (context is null) return NoContext;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, context);
        using var document = JsonDocument.Parse(buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
        var json = document.RootElement.Clone();
        return !json.TryGetProperty("targetingKey", out var unit) || unit.ValueKind is JsonValueKind.String or JsonValueKind.Null
            ? json
            : throw new RpcException(new Status(StatusCode.InvalidArgument, "context.targetingKey: must be a string"));
    }

    /// <summary>A JSON object as a Struct, which knows no whole numbers: each becomes a double.</summary>
    public static Struct ToStruct(JsonElement json)
    {
        var result = new Struct();
        // The last of several members of one name counts, as it does for JSON.
        foreach (var member in json.EnumerateObject()) result.Fields[member.Name] = ToValue(member.Value);
        return result;
    }

    private static Value ToValue(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => Value.ForBool(json.GetBoolean()),
        JsonValueKind.Number => Value.ForNumber(json.GetDouble()),
        JsonValueKind.String => Value.ForString(json.GetString()),
        JsonValueKind.Object => Value.ForStruct(ToStruct(json)),
        JsonValueKind.Array => Value.ForList([.. json.EnumerateArray().Select(ToValue)]),
        _ => Value.ForNull(),
    };

    private static void Write(Utf8JsonWriter writer, Struct value)
    {
        writer.WriteStartObject();
        foreach (var (name, member) in value.Fields)
        {
            writer.WritePropertyName(name);
            Write(writer, member);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.BoolValue:
                writer.WriteBooleanValue(value.BoolValue);
                break;
            case Value.KindOneofCase.NumberValue when double.IsFinite(value.NumberValue):
                writer.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.NumberValue:
                throw new RpcException(new Status(StatusCode.InvalidArgument, "context: a number must be finite"));
            case Value.KindOneofCase.StringValue:
                writer.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.StructValue:
                Write(writer, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                writer.WriteStartArray();
                foreach (var item in value.ListValue.Values) Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteNullValue();
                break;
        }
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Decide;

namespace CroPlatform.Services.Assignment.Serve.Ofrep;

/// <summary>A request whose evaluation context cannot be used.</summary>
internal sealed class InvalidContextException(string code, string message) : Exception(message)
{
    /// <summary>The protocol's <c>errorCode</c>.</summary>
    public string Code => code;
}

/// <summary>The bodies of OFREP.</summary>
internal static class OfrepJson
{
    private static readonly JsonElement NoContext = JsonDocument.Parse("{}").RootElement;

    /// <summary>The <c>context</c> of a request's body; an empty one if the body or the member is missing.</summary>
    /// <exception cref="InvalidContextException">The body is no JSON, or its context no object.</exception>
    public static async Task<JsonElement> ReadContextAsync(HttpContext context)
    {
        JsonElement body;
        try
        {
            using var bytes = new MemoryStream();
            await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
            if (bytes.Length == 0) return NoContext;
            using var document = JsonDocument.Parse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
            body = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new InvalidContextException("PARSE_ERROR", $"the body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }

        if (body.ValueKind != JsonValueKind.Object) throw new InvalidContextException("PARSE_ERROR", "the body must be an object");
        if (!body.TryGetProperty("context", out var evaluation) || evaluation.ValueKind == JsonValueKind.Null) return NoContext;
        if (evaluation.ValueKind != JsonValueKind.Object) throw new InvalidContextException("INVALID_CONTEXT", "context must be an object");
        if (!WellFormedText.Holds(evaluation)) throw new InvalidContextException("INVALID_CONTEXT", "context holds a string that is not valid Unicode");
        return !evaluation.TryGetProperty("targetingKey", out var unit) || unit.ValueKind is JsonValueKind.String or JsonValueKind.Null
            ? evaluation
            : throw new InvalidContextException("INVALID_CONTEXT", "context.targetingKey must be a string");
    }

    public static JsonObject Of(FlagAnswer answer) => answer.Fault switch
    {
        FlagFault.NotFound => Failure(answer.Flag, "FLAG_NOT_FOUND", $"there is no experiment '{answer.Flag}'"),
        FlagFault.TargetingKeyMissing => Failure(answer.Flag, "TARGETING_KEY_MISSING", $"'{answer.Flag}' splits by unit: context.targetingKey is required"),
        _ => new JsonObject
        {
            ["key"] = answer.Flag,
            ["value"] = JsonNode.Parse(answer.ValueJson.Span),
            ["variant"] = answer.Answer.Variant!.Key,
            ["reason"] = answer.Reason,
            ["metadata"] = new JsonObject(answer.Metadata.Select(m => KeyValuePair.Create(m.Name, JsonValue.Create(m.Value) as JsonNode))),
        },
    };

    /// <param name="flag">Null where the request as a whole failed.</param>
    public static JsonObject Failure(string? flag, string code, string details)
    {
        var body = new JsonObject { ["errorCode"] = code, ["errorDetails"] = details };
        if (flag is not null) body.Insert(0, "key", flag);
        return body;
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Reads a body into a request and names the field where it does not fit.</summary>
internal static class JsonBody
{
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowDuplicateProperties = false,
        MaxDepth = 32,

        // Named, since schemas are made of these options before anything was read with them.
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly JsonDocumentOptions Document = new() { AllowDuplicateProperties = false, MaxDepth = Options.MaxDepth };

    public static async Task<(T? Request, FieldProblem? Problem)> ReadAsync<T>(HttpContext context)
        where T : class
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.Body, Document, context.RequestAborted);
            if (BodyText.FaultIn(body.RootElement) is { } fault) return (null, fault);
            var request = body.Deserialize<T>(Options);
            return request is null ? (null, new FieldProblem("malformed_json", null, "the body must be an object")) : (request, null);
        }
        catch (JsonException e)
        {
            return (null, Describe(e));
        }
    }

    public static (T? Request, FieldProblem? Problem) Read<T>(JsonNode json)
        where T : class
    {
        try
        {
            return (json.Deserialize<T>(Options), null);
        }
        catch (JsonException e)
        {
            return (null, Describe(e));
        }
    }

    /// <summary>Which member does not fit, where that can be told.</summary>
    public static FieldProblem Describe(JsonException e)
    {
        var field = e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null;
        return field is null
            ? new FieldProblem("malformed_json", null, "the body is not a JSON object of the right shape")
            : new FieldProblem("wrong_type", field, $"{field} has a value of the wrong type");
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Decide;

namespace CroPlatform.Services.Assignment.Serve.GrowthBook;

/// <summary>
/// Evaluates here for a client that shall not see the rules: the same payload, in which each feature is reduced to what this user gets. Where the
/// user takes part, the rule carries what the SDK hands to its tracking callback.
/// </summary>
internal sealed class RemoteEvaluation(FlagDesk desk, TimeProvider clock)
{
    public async Task AnswerAsync(HttpContext context, string site)
    {
        EvaluationRequest request;
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            request = EvaluationRequest.Read(document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            await Problem.WriteAsync(context, 400, "malformed_json", null, $"the body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
            return;
        }
        catch (InvalidQuestionException e)
        {
            await Problem.WriteAsync(context, 400, e.Code, e.Field, $"{e.Field}: {e.Message}");
            return;
        }

        var user = ContextOf(request);
        var features = new JsonObject();
        foreach (var answer in await desk.EvaluateAllAsync(site, user)) features[answer.Flag] = Feature(answer, request, user);
        foreach (var (key, value) in request.ForcedFeatures) features[key] = new JsonObject { ["defaultValue"] = Node(value) };
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            new JsonObject { ["status"] = 200, ["features"] = features, ["experiments"] = new JsonArray() }.ToJsonString(), context.RequestAborted);
    }

    /// <summary>GrowthBook's <c>id</c> is our visitor.</summary>
    private EvaluationContext ContextOf(EvaluationRequest request)
    {
        var context = new EvaluationContext { Attributes = request.Attributes, Url = request.Url, Time = clock.GetUtcNow() };
        if (request.Attributes is not { } attributes) return context;
        if (Text("id") is { } visitor) context = context.WithUnit(UnitTypes.Visitor, visitor);
        foreach (var unitType in UnitTypes.All.Where(u => u != UnitTypes.Visitor))
        {
            if (Text(UnitTypes.AttributeOf(unitType)) is { } id) context = context.WithUnit(unitType, id);
        }

        return context;

        string? Text(string name) => attributes.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
    }

    private static JsonObject Feature(in FlagAnswer flag, EvaluationRequest request, in EvaluationContext user)
    {
        if (flag.Answer.Experiment is not { } experiment) return new JsonObject { ["defaultValue"] = null };
        if (request.ForcedVariations.TryGetValue(experiment.Key, out var index) && index >= 0 && index < experiment.Variants.Length)
        {
            return new JsonObject { ["defaultValue"] = Node(FlagAnswer.ValueOf(experiment, experiment.Variants[index])) };
        }

        var value = Node(flag.ValueJson);
        var tracks = Tracks(flag.Answer, value, user);
        return tracks.Count == 0
            ? new JsonObject { ["defaultValue"] = value }
            : new JsonObject { ["defaultValue"] = value?.DeepClone(), ["rules"] = new JsonArray(new JsonObject { ["force"] = value, ["tracks"] = tracks }) };
    }

    private static JsonArray Tracks(in AssignmentAnswer answer, JsonNode? value, in EvaluationContext user)
    {
        var (tracks, experiment) = (new JsonArray(), answer.Experiment!);
        if (answer.Decision.InExperiment)
        {
            tracks.Add(Track(experiment.Key, experiment.Variants.Select(v => v.Key), answer.Decision.Variant, experiment.Unit, value, user));
        }

        foreach (var holdout in answer.Decision.Holdouts)
        {
            tracks.Add(Track(holdout.Experiment, [holdout.Variant], 0, holdout.UnitType, null, user));
        }

        return tracks;
    }

    private static JsonObject Track(
        string experiment, IEnumerable<string> variants, int variant, string unitType, JsonNode? value, in EvaluationContext user)
    {
        string[] keys = [.. variants];
        return new JsonObject
        {
            ["experiment"] = new JsonObject { ["key"] = experiment, ["variations"] = new JsonArray([.. keys.Select(k => (JsonNode)k)]) },
            ["result"] = new JsonObject
            {
                ["key"] = keys[variant],
                ["variationId"] = variant,
                ["value"] = value?.DeepClone(),
                ["inExperiment"] = true,
                ["hashUsed"] = true,
                ["hashAttribute"] = unitType == UnitTypes.Visitor ? "id" : UnitTypes.AttributeOf(unitType),
                ["hashValue"] = user.Unit(unitType),
                ["featureId"] = experiment,
            },
        };
    }

    private static JsonNode? Node(ReadOnlyMemory<byte> json) => JsonNode.Parse(json.Span);

    private static JsonNode? Node(JsonElement json) => JsonNode.Parse(json.GetRawText());
}

using System.Text.Json;
using CroPlatform.Services.Assignment.Check;

namespace CroPlatform.Services.Assignment.Serve.GrowthBook;

/// <summary>The body of a remote evaluation: {attributes, forcedVariations, forcedFeatures, url}, every one optional.</summary>
internal sealed record EvaluationRequest(
    JsonElement? Attributes, string? Url, IReadOnlyDictionary<string, int> ForcedVariations, IReadOnlyList<(string Key, JsonElement Value)> ForcedFeatures)
{
    /// <exception cref="InvalidQuestionException">A member is of the wrong type.</exception>
    public static EvaluationRequest Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object) throw new InvalidQuestionException("wrong_type", "body", "must be an object");
        if (!WellFormedText.Holds(body)) throw new InvalidQuestionException("invalid_text", "body", "holds a string that is not valid Unicode");
        var variations = Member(body, "forcedVariations", JsonValueKind.Object)?.EnumerateObject().ToDictionary(v => v.Name, v => Index(v.Value)) ?? [];
        var features = Member(body, "forcedFeatures", JsonValueKind.Array)?.EnumerateArray().Select(Pair).ToList() ?? [];
        return new EvaluationRequest(
            Member(body, "attributes", JsonValueKind.Object), Member(body, "url", JsonValueKind.String)?.GetString(), variations, features);
    }

    private static int Index(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var index)
        ? index
        : throw new InvalidQuestionException("wrong_type", "forcedVariations", "must hold the indexes of variations");

    private static (string, JsonElement) Pair(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2 && value[0].ValueKind == JsonValueKind.String
            ? (value[0].GetString()!, value[1])
            : throw new InvalidQuestionException("wrong_type", "forcedFeatures", "must hold pairs of key and value");

    private static JsonElement? Member(JsonElement body, string name, JsonValueKind kind)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == kind ? value : throw new InvalidQuestionException("wrong_type", name, $"must be of the type {kind.ToString().ToLowerInvariant()}");
    }
}

using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>A feature that must have a certain value first. <paramref name="Gate"/>: if it has not, the feature has no value at all.</summary>
internal sealed record Parent(string Feature, Condition Condition, bool Gate)
{
    public static Parent Parse(JsonElement json, IReadOnlyDictionary<string, JsonElement> groups) => new(
        json.Text("id") ?? throw new FormatException("a parent condition needs the id of a feature"),
        Condition.ParseLeniently(json.Member("condition") ?? JsonDocument.Parse("{}").RootElement, groups),
        json.Flag("gate"));

    /// <summary>The condition sees the feature's value as "value".</summary>
    public bool Holds(JsonElement value) => Condition.Holds(JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement> { ["value"] = value }));
}

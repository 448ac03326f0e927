using System.Text.Json.Nodes;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>JSON Merge Patch, RFC 7396. Pure.</summary>
internal static class MergePatch
{
    /// <returns>The target with the patch's members in place of its own; a member of null is taken away.</returns>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject members) return patch?.DeepClone();
        var merged = target is JsonObject before ? (JsonObject)before.DeepClone() : [];
        foreach (var (name, value) in members)
        {
            if (value is null) merged.Remove(name);
            else merged[name] = Apply(merged[name], value);
        }

        return merged;
    }
}

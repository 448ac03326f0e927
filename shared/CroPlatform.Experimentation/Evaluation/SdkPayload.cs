using System.Text.Json;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>
/// A site's rules as the payload that GrowthBook's SDKs evaluate in the client: {features, experiments, savedGroups}. What they decide from
/// it is what the rules decide (docs/evaluation.md tells the exceptions). Pure: the same rules and the same opened schedules give the same
/// bytes.
/// </summary>
public static class SdkPayload
{
    /// <param name="time">Schedules are looked at now: SDKs have no clock of ours. See <see cref="SiteRules.NextChange"/>.</param>
    /// <returns>A JSON object in UTF-8.</returns>
    public static byte[] Write(SiteRules rules, DateTimeOffset time)
    {
        ArgumentNullException.ThrowIfNull(rules);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteFeatures(json, rules, time);
            json.WriteStartArray("experiments");
            foreach (var experiment in Ordered(rules)) SdkPageExperiments.Write(json, experiment, time);
            json.WriteEndArray();
            json.WriteStartObject("savedGroups");
            foreach (var group in rules.SavedGroups.OrderBy(g => g.Key, StringComparer.Ordinal))
            {
                json.WritePropertyName(group.Key);
                json.WriteRawValue(group.ValuesJson.Span);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteFeatures(Utf8JsonWriter json, SiteRules rules, DateTimeOffset time)
    {
        json.WriteStartObject("features");
        var holdouts = new SortedDictionary<string, Holdout>(StringComparer.Ordinal);
        var parents = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var experiment in Ordered(rules))
        {
            new SdkFeature(experiment, SdkValues.Served(experiment.Experiment)).Write(json, experiment.Experiment.Key, time);
            foreach (var holdout in experiment.Experiment.Holdouts) holdouts[SdkNames.OfHoldout(holdout)] = holdout;
            parents.UnionWith(experiment.Experiment.Prerequisites.Select(p => p.Experiment));
        }

        foreach (var (name, holdout) in holdouts) SdkFeature.Write(json, name, holdout);
        foreach (var parent in parents.Select(rules.Find).OfType<CompiledExperiment>())
        {
            new SdkFeature(parent, SdkValues.Given(parent.Experiment)).Write(json, SdkNames.OfParent(parent.Experiment.Key), time);
        }

        json.WriteEndObject();
    }

    private static IEnumerable<CompiledExperiment> Ordered(SiteRules rules) => rules.Experiments.OrderBy(e => e.Experiment.Key, StringComparer.Ordinal);
}

using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>
/// A GrowthBook SDK payload, compiled, and its evaluation by the published specification (page "Build your own SDK", version 0.8.0).
/// Immutable; evaluation is pure but for the sticky buckets that the caller hands in.
/// </summary>
public sealed class FeatureSet
{
    private readonly FrozenDictionary<string, JsonElement> _groups;
    private readonly FrozenDictionary<string, Feature> _features;

    private FeatureSet(JsonElement payload)
    {
        _groups = Members(payload, "savedGroups").ToFrozenDictionary(g => g.Name, g => g.Value);
        _features = Members(payload, "features").ToFrozenDictionary(f => f.Name, f => new Feature(
            f.Value.Member("defaultValue") ?? JsonRead.Null,
            [.. (f.Value.Items("rules") ?? []).Select(r => FeatureRule.Parse(f.Name, r, _groups))]));
        Experiments = [.. (payload.Items("experiments") ?? []).Select(Compile)];
    }

    /// <summary>Experiments that stand on their own, in order: page changes and redirects.</summary>
    public ImmutableArray<InlineExperiment> Experiments { get; }

    /// <param name="payload">A JSON object with features, experiments and savedGroups, each optional.</param>
    /// <exception cref="FormatException">Something in it cannot be read.</exception>
    public static FeatureSet Parse(JsonElement payload)
    {
        try
        {
            return new FeatureSet(payload.Clone());
        }
        catch (InvalidOperationException e)
        {
            throw new FormatException($"a member of the payload has a value of the wrong type: {e.Message}", e);
        }
    }

    /// <summary>An experiment that the payload does not hold, to be run among its features and saved groups.</summary>
    /// <exception cref="FormatException">It cannot be read.</exception>
    public InlineExperiment Compile(JsonElement experiment) => InlineExperiment.Parse(experiment.Clone(), _groups);

    /// <summary>The value of a feature for this user. An unknown feature is null, with that source.</summary>
    public FeatureResult Evaluate(string feature, UserContext user) => Evaluate(feature, user, null);

    /// <summary>Runs an experiment on its own.</summary>
    public ExperimentResult Run(InlineExperiment experiment, UserContext user) => ExperimentRun.Run(this, experiment, null, user, null);

    /// <summary>Where the user is to be sent: by the first experiment that redirects it, unless it would stay on the pages targeted. Null: nowhere.</summary>
    public string? Redirect(UserContext user)
    {
        foreach (var experiment in Experiments)
        {
            var result = Run(experiment, user);
            if (!result.InExperiment || experiment.UrlTargets is not { } targets || result.Value.Text("urlRedirect") is not { } target) continue;
            var url = experiment.PersistQueryString && PageUrl.TryParse(user.Url) is { } from && PageUrl.TryParse(target) is { } to
                ? to.WithParametersOf(from)
                : target;
            if (!targets.Match(url)) return url;
        }

        return null;
    }

    internal FeatureResult Evaluate(string key, UserContext user, EvaluationPath? path)
    {
        if (path?.Contains(key) == true) return new FeatureResult(JsonRead.Null, FeatureSource.CyclicPrerequisite);
        if (!_features.TryGetValue(key, out var feature)) return new FeatureResult(JsonRead.Null, FeatureSource.UnknownFeature);
        var here = new EvaluationPath(key, path);
        foreach (var rule in feature.Rules)
        {
            switch (Meet(rule.Parents, user, here))
            {
                case Meeting.Cycle: return new FeatureResult(JsonRead.Null, FeatureSource.CyclicPrerequisite);
                case Meeting.Blocked: return new FeatureResult(JsonRead.Null, FeatureSource.Prerequisite);
                case Meeting.Unmet: continue;
            }

            if (Decide(rule, key, user, here) is { } decided) return decided;
        }

        return new FeatureResult(feature.Default, FeatureSource.DefaultValue);
    }

    internal Meeting Meet(ImmutableArray<Parent> parents, UserContext user, EvaluationPath? path)
    {
        foreach (var parent in parents)
        {
            var result = Evaluate(parent.Feature, user, path);
            if (result.Source == FeatureSource.CyclicPrerequisite) return Meeting.Cycle;
            if (!parent.Holds(result.Value)) return parent.Gate ? Meeting.Blocked : Meeting.Unmet;
        }

        return Meeting.Met;
    }

    /// <summary>Null: the next rule is to be tried.</summary>
    private FeatureResult? Decide(FeatureRule rule, string feature, UserContext user, EvaluationPath path)
    {
        if (rule.Filters.Any(f => !f.Includes(user))) return null;
        if (rule.Force is { } forced)
        {
            return rule.Condition?.Holds(user.Attributes) != false && rule.Reaches(user)
                ? new FeatureResult(forced, FeatureSource.Force, rule.Id)
                : null;
        }

        if (rule.Experiment is not { } experiment) return null;
        // The parents were met above; a rule's experiment does not ask again.
        var result = ExperimentRun.Run(this, experiment, feature, user, path, askParents: false);
        return result is { InExperiment: true, Passthrough: false }
            ? new FeatureResult(result.Value, FeatureSource.Experiment, rule.Id, experiment, result)
            : null;
    }

    private static JsonElement.ObjectEnumerator Members(JsonElement payload, string name) =>
        payload.Member(name) is { ValueKind: JsonValueKind.Object } value ? value.EnumerateObject() : default;

    private sealed record Feature(JsonElement Default, ImmutableArray<FeatureRule> Rules);
}

/// <summary>The features that are being evaluated, each for the sake of the one before it.</summary>
internal sealed record EvaluationPath(string Feature, EvaluationPath? Before)
{
    public bool Contains(string feature) => Feature == feature || Before?.Contains(feature) == true;
}

/// <summary>How the parents of a rule stand.</summary>
internal enum Meeting
{
    Met,
    Unmet,
    Blocked,
    Cycle,
}

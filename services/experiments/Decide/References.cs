using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Experimentation.Targeting;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>Whether what a draft names exists in its site. Pure.</summary>
internal static class References
{
    /// <param name="others">Every experiment of the site.</param>
    /// <param name="groups">The keys of its saved groups.</param>
    public static FieldProblem? Check(ExperimentRequest draft, IReadOnlyList<StoredExperiment> others, IReadOnlySet<string> groups)
    {
        if (UnknownGroup(draft.Targeting, groups) is { } unknown) return unknown;
        var byKey = others.ToDictionary(o => o.Key, o => o.Definition);
        for (var i = 0; i < (draft.Holdouts?.Count ?? 0); i++)
        {
            var key = draft.Holdouts![i]!;
            if (byKey.GetValueOrDefault(key)?.Kind != "holdout") return new FieldProblem("unknown_experiment", $"holdouts[{i}]", $"there is no holdout '{key}'");
            if (draft.Holdouts.Take(i).Contains(key)) return new FieldProblem("duplicate_key", $"holdouts[{i}]", $"holdout '{key}' is named twice");
        }

        for (var i = 0; i < (draft.Prerequisites?.Count ?? 0); i++)
        {
            if (Prerequisite(draft, draft.Prerequisites![i]!, byKey, $"prerequisites[{i}]") is { } problem) return problem;
        }

        return null;
    }

    public static FieldProblem? UnknownGroup(System.Text.Json.JsonElement? targeting, IReadOnlySet<string> groups)
    {
        if (targeting is not { } json) return null;
        var unknown = Condition.Parse(json).Groups.FirstOrDefault(g => !groups.Contains(g));
        return unknown is null ? null : new FieldProblem("unknown_group", "targeting", $"there is no saved group '{unknown}'");
    }

    private static FieldProblem? Prerequisite(
        ExperimentRequest draft, PrerequisiteRequest prerequisite, Dictionary<string, ExperimentRequest> others, string field)
    {
        var key = prerequisite.Experiment!;
        if (key == draft.Key) return new FieldProblem("cycle", $"{field}.experiment", "an experiment cannot be its own prerequisite");
        if (!others.TryGetValue(key, out var parent)) return new FieldProblem("unknown_experiment", $"{field}.experiment", $"there is no experiment '{key}'");
        var unknown = prerequisite.Variants!.FirstOrDefault(v => parent.Variants!.All(p => p!.Key != v));
        if (unknown is not null) return new FieldProblem("unknown_variant", $"{field}.variants", $"experiment '{key}' has no variant '{unknown}'");
        return Depth(parent, others, [draft.Key!]) switch
        {
            null => new FieldProblem("cycle", $"{field}.experiment", $"experiment '{key}' needs this one itself"),
            >= CompiledExperiment.MaxChain => new FieldProblem("out_of_range", $"{field}.experiment", $"a chain of prerequisites may have {CompiledExperiment.MaxChain} links"),
            _ => null,
        };
    }

    /// <summary>The longest chain of prerequisites below an experiment; null where it comes back to where it was.</summary>
    private static int? Depth(ExperimentRequest experiment, Dictionary<string, ExperimentRequest> others, string[] above)
    {
        if (above.Length > CompiledExperiment.MaxChain) return above.Length;
        string[] path = [.. above, experiment.Key!];
        var deepest = 0;
        foreach (var prerequisite in experiment.Prerequisites ?? [])
        {
            if (path.Contains(prerequisite!.Experiment)) return null;
            if (!others.TryGetValue(prerequisite.Experiment!, out var parent)) continue;
            if (Depth(parent, others, path) is not { } depth) return null;
            deepest = Math.Max(deepest, depth + 1);
        }

        return deepest;
    }
}

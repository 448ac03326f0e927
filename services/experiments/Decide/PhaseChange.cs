using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>Whether the probabilities of a running experiment may change, and the phase that then begins. Pure.</summary>
internal static class PhaseChange
{
    public static (Experiment? Next, FieldProblem? Problem) Apply(Experiment experiment, PhaseRequest request, long nowMs)
    {
        if (experiment.Kind == ExperimentKind.Holdout) return Refuse("kind", "a holdout does not change: experiments rely on it");
        var before = experiment.CurrentPhase;
        if (Problem(experiment, request) is { } problem) return (null, problem);
        var after = before with
        {
            Index = before.Index + 1,
            Weights = request.Weights is { } weights ? [.. experiment.Variants.Select(v => weights[v.Key])] : before.Weights,
            Coverage = request.Coverage ?? before.Coverage,
            Seed = string.IsNullOrEmpty(request.Seed) ? before.Seed : request.Seed,
            TargetingJson = request.Targeting is { } targeting ? JsonSerializer.SerializeToUtf8Bytes(targeting) : before.TargetingJson,
        };
        var hasNewWeights = !after.Weights.SequenceEqual(before.Weights);
        if (!hasNewWeights && after.Coverage == before.Coverage && after.Seed == before.Seed && request.Targeting is null)
        {
            return (null, new FieldProblem("missing", null, "nothing would change: give weights, coverage, targeting, seed or metrics"));
        }

        // With a new seed every unit is drawn anew anyhow.
        var keepsUnits = experiment.Sticky || experiment.Assignment == AssignmentMode.External || after.Seed != before.Seed;
        if (hasNewWeights && !keepsUnits)
        {
            return Refuse("weights", "other weights would move units from variant to variant: only a sticky experiment or a bandit changes them; ramp traffic by coverage");
        }

        if (after.Coverage < before.Coverage && !keepsUnits)
        {
            return Refuse("coverage", "less coverage would drop units that are in: only a sticky experiment or a bandit lowers it");
        }

        return (Versions.Next(experiment.WithPhase(after, nowMs), nowMs), null);
    }

    private static FieldProblem? Problem(Experiment experiment, PhaseRequest request)
    {
        var problems = new FieldProblems();
        problems.Range(request.Coverage, "coverage", 0, 1);
        problems.Text(request.Seed, "seed", 200);
        problems.Condition(request.Targeting, "targeting");
        if (request.Weights is { } weights)
        {
            foreach (var (key, weight) in weights)
            {
                if (experiment.IndexOfVariant(key) < 0) problems.Add("unknown_variant", "weights", $"there is no variant '{key}'");
                problems.Range(weight, $"weights.{key}", 0, 1);
            }

            if (weights.Count < experiment.Variants.Length) problems.Add("missing", "weights", "give every variant a weight");
            else if (!VariantRules.SumToOne(weights.Values)) problems.Add("out_of_range", "weights", "weights are fractions and must sum to 1");
        }

        return problems.All.Count > 0 ? problems.All[0] : null;
    }

    private static (Experiment? Next, FieldProblem? Problem) Refuse(string field, string message) => (null, new FieldProblem("conflict", field, message));
}

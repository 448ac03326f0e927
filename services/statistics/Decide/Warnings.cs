using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What to know before believing an experiment's figures. None of these forbids a verdict.</summary>
internal static class Warnings
{
    private const double Threshold = 0.001;

    public static IReadOnlyList<Reason> Of(Experiment experiment, Numbers numbers)
    {
        var warnings = new List<Reason>();
        if (experiment.Decision.Method == DecisionMethod.Bayesian)
        {
            warnings.Add(new Reason("bayesian", "posterior probabilities keep no error rate over many looks or many metrics"));
        }

        for (var i = 0; i < experiment.Metrics.Length; i++)
        {
            var (metric, phases) = (experiment.Metrics[i], numbers.ArmsByPhase(experiment, i));
            if (metric.IsCapOpen) warnings.Add(new Reason("cap_not_frozen", $"{metric.Key}: nothing is capped before {CapCut.Units} units have an outcome above 0"));
            if (metric.CountsFromMs > 0)
            {
                warnings.Add(new Reason("counted_from_now", $"{metric.Key}: its events of before were not kept, so it is counted over units exposed from {DateTimeOffset.FromUnixTimeMilliseconds(metric.CountsFromMs):u} on"));
            }

            if (phases.Count > 1) warnings.AddRange(LeftOut(experiment, i, phases));
            if (metric.Kind is MetricKind.Mean or MetricKind.Duration && IsSelected(phases))
            {
                warnings.Add(new Reason("selected_units", $"{metric.Key}: the share of units that have an outcome differs between the arms, so those who have one may not be alike"));
            }
        }

        return warnings;
    }

    private static IEnumerable<Reason> LeftOut(Experiment experiment, int metric, IReadOnlyList<Arm[]> phases) => Enumerable
        .Range(0, experiment.Variants.Length).Where(v => v != experiment.Control)
        .Select(v => (Variant: experiment.Variants[v].Key, Units: ArmComparison.Of(experiment, metric, phases, v).UnitsLeftOut)).Where(v => v.Units > 0)
        .Select(v => new Reason("phases_left_out", $"{v.Variant}, {experiment.Metrics[metric].Key}: {v.Units} units are of phases in which there is nothing to compare"));

    private static bool IsSelected(IReadOnlyList<Arm[]> phases) => phases.Any(arms =>
        ContingencyTable.ChiSquare([.. arms.Where(a => a.Units > 0).Select(a => new Proportion(a.N, a.Units))]).TryGet(out var test) && test.PValue < Threshold);
}

using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Sequential;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>One look of a group-sequential test, as it was taken: what is judged later is judged on these figures.</summary>
/// <param name="Number">1-based.</param>
/// <param name="Information">Share of the planned units that the smallest arm had, 1 at the last look.</param>
internal sealed record Look(int Number, DateTimeOffset At, double Information, IReadOnlyList<LookFigure> Figures);

/// <summary>One arm against the control on one metric at a look; null where nothing was computable.</summary>
internal sealed record LookFigure(string Metric, string Variant, MeanPair? Means);

/// <summary>When a group-sequential test is looked at, and what its looks say. Error is spent as O'Brien and Fleming's bounds would.</summary>
internal static class LookPlan
{
    private const double Last = 0.9999;

    /// <summary>The look that has fallen due and was not taken yet, or null.</summary>
    /// <param name="isOver">The experiment was stopped, or its days are over, and every window has closed.</param>
    public static Look? Due(Experiment experiment, Numbers numbers, IReadOnlyList<Look> taken, bool isOver, DateTimeOffset now)
    {
        var rule = experiment.Decision;
        if (rule.Method != DecisionMethod.GroupSequential || taken is [.., { Information: >= Last }]) return null;
        var smallest = experiment.Metrics.Min(m => numbers.Matured(experiment, m, now.ToUnixTimeMilliseconds()).UnitsByVariant(experiment.Variants.Length).Min());
        var information = Math.Min(1, smallest / (double)Math.Max(1, rule.MaxSample));
        var planned = (int)Math.Floor(information * rule.Looks + 1e-9);
        var before = taken.Count == 0 ? 0 : taken[^1].Information;
        if (isOver) return new Look(taken.Count + 1, now, 1, Figures(experiment, numbers, now));
        if (planned <= Math.Floor(before * rule.Looks + 1e-9)) return null;
        return new Look(taken.Count + 1, now, information >= Last ? 1 : information, Figures(experiment, numbers, now));
    }

    /// <summary>The smallest information at which the next look falls due; null after the last one.</summary>
    public static double? Next(DecisionRule rule, IReadOnlyList<Look> taken) => taken switch
    {
        [] => 1.0 / rule.Looks,
        [.., { Information: >= Last }] => null,
        _ => (Math.Floor(taken[^1].Information * rule.Looks + 1e-9) + 1) / rule.Looks,
    };

    /// <summary>The bounds of the looks at these informations.</summary>
    public static Computed<GroupSequentialDesign> Design(IReadOnlyList<Look> taken, double alpha) =>
        GroupSequentialDesign.Create([.. taken.Select(l => l.Information)], new GroupSequentialOptions { Alpha = alpha });

    /// <summary>The first look that crossed its bound, or the last one.</summary>
    public static Evidence Judge(IReadOnlyList<Look> taken, string metric, string variant, double alpha)
    {
        if (taken.Count == 0) return Evidence.None(new NotComputable("no_look", "No look has been taken yet."));
        var design = Design(taken, alpha);
        if (design.Missing is { } missing) return Evidence.None(missing);
        var last = Evidence.None(NotComputable.NoVariance("Nothing was computable at any look."));
        for (var k = 0; k < taken.Count; k++)
        {
            if (taken[k].Figures.FirstOrDefault(f => f.Metric == metric && f.Variant == variant)?.Means is not { } means) continue;
            var (bound, z) = (design.Value.UpperBounds[k], means.Difference / means.DifferenceError);
            var crosses = Math.Abs(z) >= bound;
            last = new Evidence(means.DifferenceWithin(bound), means.LiftWithin(bound), crosses, $"z = {z:0.00} at look {k + 1}, bound {bound:0.00}");
            if (crosses) return last;
        }

        return last;
    }

    private static List<LookFigure> Figures(Experiment experiment, Numbers numbers, DateTimeOffset now)
    {
        var figures = new List<LookFigure>();
        for (var i = 0; i < experiment.Metrics.Length; i++)
        {
            var phases = numbers.Matured(experiment, experiment.Metrics[i], now.ToUnixTimeMilliseconds()).ArmsByPhase(experiment, i);
            for (var variant = 0; variant < experiment.Variants.Length; variant++)
            {
                if (variant == experiment.Control) continue;
                var means = ArmComparison.Of(experiment, i, phases, variant).Means;
                figures.Add(new LookFigure(
                    experiment.Metrics[i].Key, experiment.Variants[variant].Key, means.TryGet(out var pair) && pair.DifferenceError > 0 ? pair : null));
            }
        }

        return figures;
    }
}

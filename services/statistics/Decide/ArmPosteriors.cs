using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Bayesian;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>One metric's posteriors, made once for all figures that ask for them: each treatment against the control, and which arm is the best.</summary>
internal sealed class ArmPosteriors
{
    private readonly IReadOnlyList<Computed<BayesianComparison>> _comparisons;
    private readonly Computed<BayesianRanking>? _ranking;

    private ArmPosteriors(IReadOnlyList<Computed<BayesianComparison>> comparisons, Computed<BayesianRanking>? ranking) =>
        (_comparisons, _ranking) = (comparisons, ranking);

    /// <param name="comparisons">Every variant with the control, the control itself as well, in the variants' order.</param>
    public static ArmPosteriors Of(Experiment experiment, IReadOnlyList<ArmComparison> comparisons)
    {
        var pairs = comparisons.Select(Evidence.PosteriorsOf).ToList();
        var lowerIsBetter = comparisons[0].Metric.Decrease;
        var each = pairs.Select((pair, i) => i == experiment.Control
            ? default
            : pair.Then(p => BayesianComparison.Of(p.Control, p.Treatment, experiment.Decision.Confidence, lowerIsBetter)));
        return pairs.Count == 2 ? new ArmPosteriors([.. each], null) : new ArmPosteriors([.. each], Ranking(pairs, lowerIsBetter));
    }

    /// <summary>This treatment against the control.</summary>
    public Computed<BayesianComparison> this[int variant] => _comparisons[variant];

    /// <summary>P(best) of this treatment among all arms; of two the better one is the best.</summary>
    public Computed<double> ProbabilityBest(int variant) =>
        _ranking is { } ranking ? ranking.Map(r => r.ProbabilityBest[variant]) : _comparisons[variant].Map(c => c.ProbabilityBeatsControl);

    private static Computed<BayesianRanking> Ranking(List<Computed<(Posterior Control, Posterior Treatment)>> pairs, bool lowerIsBetter)
    {
        var posteriors = new List<Posterior>();
        foreach (var pair in pairs)
        {
            // The control against itself has the control's posterior twice.
            if (!pair.TryGet(out var arms)) return pair.Missing!.Value;
            posteriors.Add(arms.Treatment);
        }

        return BayesianRanking.Of(posteriors, lowerIsBetter);
    }
}

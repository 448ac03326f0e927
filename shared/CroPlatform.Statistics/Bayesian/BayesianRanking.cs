using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Bayesian;

/// <summary>P(best) and expected loss of each of 2 to 20 arms, by quadrature over the union of their posteriors.</summary>
/// <param name="ProbabilityBest">For each arm; they sum to 1.</param>
/// <param name="ExpectedLoss">E[best arm's value − this arm's value] (the other way round where lower is better), in the metric's unit.</param>
public sealed record BayesianRanking(IReadOnlyList<double> ProbabilityBest, IReadOnlyList<double> ExpectedLoss)
{
    /// <summary>The most arms ranked.</summary>
    public const int MaxArms = 20;

    public static Computed<BayesianRanking> Of(IReadOnlyList<Posterior> arms, bool lowerIsBetter = false)
    {
        ArgumentNullException.ThrowIfNull(arms);
        if (arms.Count is < 2 or > MaxArms)
            return NotComputable.InvalidInput($"A ranking takes 2 to {MaxArms} arms.");
        if (arms.Any(a => !a.IsValid || a.GetType() != arms[0].GetType()))
            return NotComputable.NoVariance("All arms need proper posteriors of one kind with a spread above 0.");
        var k = arms.Count;
        var best = new double[k];
        var loss = new double[k];
        var better = new double[k]; // P(arm is at most as good as u)
        var (nodes, weights) = GaussLegendre.Rule(PosteriorPanels.Order);
        var panels = PosteriorPanels.Of(arms);
        for (var p = 0; p + 1 < panels.Count; p++)
        {
            var half = 0.5 * (panels[p + 1] - panels[p]);
            for (var n = 0; n < nodes.Length; n++)
            {
                var u = panels[p] + half * (nodes[n] + 1);
                var weight = weights[n] * half;
                var slope = arms[0].Slope(u);
                for (var i = 0; i < k; i++)
                {
                    var cdf = arms[i].Curve.Cdf(u);
                    better[i] = lowerIsBetter ? 1 - cdf : cdf;
                }
                for (var i = 0; i < k; i++)
                {
                    var others = 1.0;
                    for (var j = 0; j < k; j++)
                        others *= j == i ? 1 : better[j];
                    best[i] += weight * arms[i].Curve.Density(u) * others;
                    loss[i] += weight * slope * better[i] * (1 - others);
                }
            }
        }
        return new BayesianRanking(best, loss);
    }
}

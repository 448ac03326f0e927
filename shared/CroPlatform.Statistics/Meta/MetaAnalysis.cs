using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Meta;

/// <summary>One experiment's effect and its standard error, all in one unit.</summary>
public readonly record struct EffectEstimate(double Effect, double StandardError);

/// <summary>How the spread between experiments is estimated.</summary>
public enum HeterogeneityEstimator
{
    /// <summary>DerSimonian, Laird, Controlled Clinical Trials 7 (1986).</summary>
    DerSimonianLaird,

    /// <summary>Restricted maximum likelihood. Source: Viechtbauer, J. Educational and Behavioral Statistics 30 (2005).</summary>
    Reml,
}

/// <summary>The effect over experiments.</summary>
/// <param name="Test">That the common or mean effect is 0.</param>
/// <param name="Effect">The estimate with its interval.</param>
/// <param name="TauSquared">Variance between experiments; 0 for fixed effects.</param>
/// <param name="ISquared">Share of the variance that is between experiments, 0 to 1.</param>
/// <param name="Heterogeneity">Cochran's Q.</param>
/// <param name="PredictionInterval">Where the effect of the next experiment lies, t with k − 2 degrees of freedom (k − 1 with Hartung-Knapp); needs three.</param>
public sealed record MetaResult(
    TestResult Test, Estimate Effect, double TauSquared, double ISquared, TestResult Heterogeneity, Computed<Interval> PredictionInterval);

/// <summary>Meta-analysis of independent experiments.</summary>
public static class MetaAnalysis
{
    /// <summary>Inverse-variance weights; right when all experiments share one effect. Source: Hedges, Olkin (1985).</summary>
    public static Computed<MetaResult> FixedEffect(IReadOnlyList<EffectEstimate> effects, double confidence = 0.95) =>
        Check(effects, confidence) is { } missing ? missing
            : Combine(effects, 0, Q(effects) is var q ? Math.Max(0, (q - effects.Count + 1) / Math.Max(q, 1e-300)) : 0, confidence, hartungKnapp: false, random: false);

    /// <summary>Effects that differ between experiments; <paramref name="hartungKnapp"/> uses t and the residual spread (Hartung, Knapp, 2001).</summary>
    public static Computed<MetaResult> RandomEffects(
        IReadOnlyList<EffectEstimate> effects, HeterogeneityEstimator estimator = HeterogeneityEstimator.Reml,
        bool hartungKnapp = true, double confidence = 0.95)
    {
        if (Check(effects, confidence) is { } missing)
            return missing;
        var v = effects.Select(e => e.StandardError * e.StandardError).ToArray();
        var tau2 = estimator == HeterogeneityEstimator.Reml ? Reml(effects, v) : DerSimonianLaird(effects, v);
        if (!tau2.TryGet(out var between))
            return tau2.Missing!.Value;
        // I² by the typical sampling variance (Higgins, Thompson, 2002)
        var w = v.Sum(x => 1 / x);
        var typical = (effects.Count - 1) * w / (w * w - v.Sum(x => 1 / (x * x)));
        return Combine(effects, between, between / (between + typical), confidence, hartungKnapp, random: true);
    }

    /// <summary>
    /// Each effect drawn towards the mean of all by its unreliability: the cure of the winner's curse. Empirical Bayes with the REML spread.
    /// Source: Morris, JASA 78 (1983).
    /// </summary>
    public static Computed<IReadOnlyList<EffectEstimate>> Shrink(IReadOnlyList<EffectEstimate> effects) =>
        RandomEffects(effects, hartungKnapp: false).Map<IReadOnlyList<EffectEstimate>>(meta => effects.Select(e =>
        {
            var share = meta.TauSquared / (meta.TauSquared + e.StandardError * e.StandardError);
            return new EffectEstimate(meta.Effect.Value + share * (e.Effect - meta.Effect.Value), Math.Sqrt(share) * e.StandardError);
        }).ToArray());

    /// <summary>The normal prior of the next experiment's effect, from past ones.</summary>
    public static Computed<Bayesian.NormalPrior> EffectPrior(IReadOnlyList<EffectEstimate> past) =>
        RandomEffects(past, hartungKnapp: false).Then<Bayesian.NormalPrior>(meta => meta.TauSquared > 0
            ? new Bayesian.NormalPrior(meta.Effect.Value, meta.TauSquared)
            : NotComputable.NoVariance("Past effects do not differ by more than chance: their spread gives no prior."));

    private static NotComputable? Check(IReadOnlyList<EffectEstimate> effects, double confidence)
    {
        ArgumentNullException.ThrowIfNull(effects);
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (effects.Count < 2)
            return NotComputable.TooFewUnits("A meta-analysis needs at least two experiments.");
        return effects.All(e => double.IsFinite(e.Effect) && e.StandardError is > 1e-100 and < 1e100 && Math.Abs(e.Effect / e.StandardError) < 1e100)
            ? null : NotComputable.InvalidInput("Effects must be finite and standard errors above 0, none out of all proportion.");
    }

    private static double Q(IReadOnlyList<EffectEstimate> effects)
    {
        var w = effects.Select(e => 1 / (e.StandardError * e.StandardError)).ToArray();
        var mean = Mean(effects, w);
        return effects.Zip(w).Sum(p => p.Second * (p.First.Effect - mean) * (p.First.Effect - mean));
    }

    private static double Mean(IReadOnlyList<EffectEstimate> effects, double[] w) => effects.Zip(w).Sum(p => p.Second * p.First.Effect) / w.Sum();

    private static Computed<double> DerSimonianLaird(IReadOnlyList<EffectEstimate> effects, double[] v)
    {
        var w = v.Sum(x => 1 / x);
        return Math.Max(0, (Q(effects) - effects.Count + 1) / (w - v.Sum(x => 1 / (x * x)) / w));
    }

    /// <summary>Fisher scoring from the DerSimonian-Laird estimate, cut at 0.</summary>
    private static Computed<double> Reml(IReadOnlyList<EffectEstimate> effects, double[] v)
    {
        var tau2 = Math.Max(DerSimonianLaird(effects, v).Value, v.Min() * 1e-3);
        for (var i = 0; i < 1000; i++)
        {
            var w = v.Select(x => 1 / (x + tau2)).ToArray();
            var sum = w.Sum();
            var squares = w.Sum(x => x * x);
            var mean = Mean(effects, w);
            var score = 0.5 * (effects.Zip(w).Sum(p => p.Second * p.Second * (p.First.Effect - mean) * (p.First.Effect - mean)) - sum + squares / sum);
            var information = 0.5 * (squares - 2 * w.Sum(x => x * x * x) / sum + squares / sum * (squares / sum));
            var step = score / information;
            if (tau2 + step <= 0 && score <= 0)
            {
                // at the edge: 0 is the estimate if the score there points outwards
                if (tau2 < 1e-14 * v.Min())
                    return 0;
                tau2 *= 0.1;
                continue;
            }
            tau2 += step;
            if (Math.Abs(step) <= 1e-13 * tau2)
                return tau2;
        }
        return NotComputable.NoConvergence("The restricted likelihood has no maximum that could be found.");
    }

    private static MetaResult Combine(
        IReadOnlyList<EffectEstimate> effects, double tau2, double iSquared, double confidence, bool hartungKnapp, bool random)
    {
        var k = effects.Count;
        var w = effects.Select(e => 1 / (e.StandardError * e.StandardError + tau2)).ToArray();
        var mean = Mean(effects, w);
        var variance = 1 / w.Sum();
        if (hartungKnapp)
            variance = effects.Zip(w).Sum(p => p.Second * (p.First.Effect - mean) * (p.First.Effect - mean)) / ((k - 1) * w.Sum());
        // identical effects would give no spread at all; fall back on the weights
        variance = variance > 0 ? variance : 1 / w.Sum();
        var error = Math.Sqrt(variance);
        var df = hartungKnapp ? k - 1.0 : double.PositiveInfinity;
        var q = StudentT.UpperQuantile((1 - confidence) / 2, df);
        var test = hartungKnapp
            ? TestResults.OfT("Random effects, Hartung-Knapp", mean / error, df, Alternative.TwoSided)
            : TestResults.OfZ(random ? "Random effects" : "Fixed effect", mean / error, Alternative.TwoSided);
        var heterogeneity = TestResults.OfChiSquare("Cochran's Q", Q(effects), k - 1);
        Computed<Interval> prediction = NotComputable.TooFewUnits("A prediction interval needs random effects of at least three experiments.");
        if (random && k >= 3)
        {
            var half = StudentT.UpperQuantile((1 - confidence) / 2, hartungKnapp ? k - 1 : k - 2) * Math.Sqrt(variance + tau2);
            prediction = new Interval(mean - half, mean + half);
        }
        return new(test, new(mean, error, Checks.Around(mean, q * error, Alternative.TwoSided)), tau2, iSquared, heterogeneity, prediction);
    }
}

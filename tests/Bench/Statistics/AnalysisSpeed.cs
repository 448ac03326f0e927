using System.Diagnostics;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.Sequential;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Bench.Statistics;

/// <summary>
/// One experiment: 3 variants × 10 metrics (6 conversions, 3 means, 1 ratio), judged by every method that sufficient statistics allow,
/// exact tests apart; the boundaries of the design are computed once.
/// </summary>
internal static class AnalysisSpeed
{
    private const double LimitMs = 0.8;

    public static bool Run()
    {
        var design = GroupSequentialDesign.Create([0.2, 0.4, 0.6, 0.8, 1]).Value;
        var ok = true;
        foreach (var n in new[] { 1_000L, 1_000_000L, 1_000_000_000L })
        {
            var sink = 0.0;
            // until the tiers of the JIT have settled
            for (var i = 0; i < 1_500; i++)
                sink += Analyze(n, design);
            var times = new double[400];
            for (var i = 0; i < times.Length; i++)
            {
                var watch = Stopwatch.StartNew();
                sink += Analyze(n, design);
                times[i] = watch.Elapsed.TotalMilliseconds;
            }
            Array.Sort(times);
            var median = times[times.Length / 2];
            ok &= median < LimitMs && double.IsFinite(sink);
            Console.WriteLine($"analysis of 3 variants x 10 metrics, {n} visitors a variant: median {median:0.000} ms, best {times[0]:0.000} ms (limit {LimitMs} ms) {(median < LimitMs ? "ok" : "FAILED")}");
        }
        return ok;
    }

    private static double Analyze(long n, GroupSequentialDesign design)
    {
        var sum = SampleRatio.ChiSquare([n, n + n / 300, n - n / 400], [34, 33, 33]).Test.Value.PValue
            + SampleRatio.AlwaysValid([n, n + n / 300, n - n / 400], [34, 33, 33]).Value.LogPValue;
        var pValues = new List<double>();
        for (var metric = 0; metric < 6; metric++)
        {
            var rate = 0.02 + 0.01 * metric;
            sum += Conversions([new((long)(n * rate), n), new((long)(n * rate * 1.01), n), new((long)(n * rate * 0.995), n)], design, pValues);
        }
        for (var metric = 0; metric < 3; metric++)
            sum += Means([new(n, 20, 400), new(n, 20.1, 410), new(n, 19.95, 395)], design, pValues);
        PairSummary[] ratios = [new(n, 2, 10, 4, 30, 6), new(n, 2.02, 10.05, 4.1, 30, 6), new(n, 1.99, 9.99, 4, 31, 6)];
        for (var arm = 1; arm < 3; arm++)
        {
            var compared = RatioMetric.Compare(ratios[0], ratios[arm]);
            pValues.Add(compared.Test.Value.PValue);
            sum += RatioMetric.Fieller(ratios[arm]).Value.Interval.Low
                + Sequential(compared.Difference.Value.Value, compared.Difference.Value.StandardError!.Value, 0.01, design);
        }
        return sum + PValueAdjustment.Holm(pValues).Value[0] + PValueAdjustment.Hochberg(pValues).Value[0]
            + PValueAdjustment.BenjaminiHochberg(pValues).Value[0] + PValueAdjustment.BenjaminiYekutieli(pValues).Value[0];
    }

    private static double Conversions(Proportion[] arms, GroupSequentialDesign design, List<double> pValues)
    {
        var sum = ContingencyTable.ChiSquare(arms).Value.PValue + ContingencyTable.G(arms).Value.PValue;
        var posteriors = arms.Select(a => (Posterior)BetaPrior.Flat.Update(a).Value).ToArray();
        sum += BayesianRanking.Of(posteriors).Value.ProbabilityBest[0];
        for (var i = 1; i < arms.Length; i++)
        {
            var compared = TwoProportions.Compare(arms[0], arms[i]);
            pValues.Add(compared.Test.Value.PValue);
            var difference = compared.Difference.Value;
            sum += TwoProportions.UnpooledZ(arms[0], arms[i]).Value.PValue
                + BinomialInterval.Wilson(arms[i]).Value.Low + BinomialInterval.AgrestiCoull(arms[i]).Value.Low
                + DifferenceInterval.Newcombe(arms[0], arms[i]).Value.Interval.Low
                + DifferenceInterval.MiettinenNurminen(arms[0], arms[i]).Value.Interval.Low
                + EffectSize.CohenH(arms[0], arms[i]).Value.Value + EffectSize.OddsRatio(arms[0], arms[i]).Value.Value
                + NonInferiority.Proportions(arms[0], arms[i], 0.005).Value.PValue
                + Sequential(difference.Value, difference.StandardError!.Value, 0.002, design)
                + Bayes(posteriors[0], posteriors[i]);
        }
        return sum;
    }

    private static double Means(SampleSummary[] arms, GroupSequentialDesign design, List<double> pValues)
    {
        var sum = WelchAnova.Test(arms).Value.PValue;
        var posteriors = arms.Select(a => (Posterior)NormalPrior.Flat(20, 20).Update(a).Value).ToArray();
        sum += BayesianRanking.Of(posteriors).Value.ProbabilityBest[0];
        for (var i = 1; i < arms.Length; i++)
        {
            var compared = WelchT.Compare(arms[0], arms[i]);
            pValues.Add(compared.Test.Value.PValue);
            sum += EffectSize.CohenD(arms[0], arms[i]).Value.Value + EffectSize.HedgesG(arms[0], arms[i]).Value.Value
                + NonInferiority.Means(arms[0], arms[i], 0.5).Value.PValue
                + Sequential(compared.Difference.Value.Value, compared.Difference.Value.StandardError!.Value, 0.2, design)
                + Bayes(posteriors[0], posteriors[i]);
        }
        return sum;
    }

    private static double Sequential(double estimate, double error, double tau, GroupSequentialDesign design) =>
        AlwaysValid.MixtureSprt(estimate, error, tau).Value.LogEValue + (estimate / error > design.UpperBounds[2] ? 1 : 0)
        + AlwaysValid.ConfidenceSequence(estimate, error, error / 2).Value.LogPValue;

    private static double Bayes(Posterior control, Posterior treatment)
    {
        var comparison = BayesianComparison.Of(control, treatment).Value;
        return comparison.ProbabilityBeatsControl + comparison.ExpectedLoss + comparison.Difference.Interval.Low
            + comparison.Lift.Map(l => l.Interval.Low).Value + comparison.ProbabilityInRegion(new(-0.01, 0.01)).Value;
    }
}

using System.Globalization;
using System.Text.Json;
using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.PowerAnalysis;
using CroPlatform.Statistics.Segments;
using CroPlatform.Statistics.Sequential;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Statistics.Tests;

/// <summary>Checks of trust, segments, sketches and plans as reference cases call them; verdicts are 0 or 1.</summary>
internal static class CheckCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["simpson"] = a => Simpson(SimpsonResult.Of(a.Rows("segments").Select(Pair).ToArray()).Value),
        ["crossover"] = a =>
        {
            var result = CrossoverResult.Of(a.Proportions()).Value;
            return new(result.ByArm.Figures()) { ["share"] = result.Share };
        },
        ["outlier_influence"] = Outliers,
        ["sample_ratio_stratified"] = a => SampleRatio.Stratified([.. a.Rows("observed").Zip(a.Rows("shares"), (o, s) => ((IReadOnlyList<long>)[.. o.Select(n => (long)n)], (IReadOnlyList<double>)s))]).Test.Figures(),
        ["wald_equality"] = a => WaldTest.Equality([.. a.Rows("groups").Select(g => (g[0], g[1]))]).Figures(),
        ["wald_interaction"] = a => WaldTest.Interaction([.. a.Rows("values").Zip(a.Rows("variances"), (m, v) => (IReadOnlyList<(double, double)>)[.. m.Zip(v)])]).Figures(),
        ["segments"] = Segments,
        ["bayesian_stopping"] = Stopping,
        ["duration"] = a => SampleSize.ForProportions(a.D("p0"), a.D("p1"), PowerCases.Options(a))
            .Then(plan => Duration.Days(plan, a.D("per_day"), a.D("coverage"), a.D("window"))).Value.Figures(),
        ["size_ratios"] = a => SampleSize.ForRatios(a.D("difference"), PowerCases.Pair(a, "control"), PowerCases.Pair(a, "treatment"), PowerCases.Options(a))
            .Value.ControlExact.Figures(),
        ["mde_ratios"] = a => MinimumDetectableEffect.ForRatios(
            PowerCases.Pair(a, "control"), PowerCases.Pair(a, "treatment"), a.D("n"), PowerCases.Options(a)).Value.Figures(),
        ["quantile_sketch"] = a =>
        {
            var sketch = new QuantileSketch(a.D("alpha"));
            foreach (var value in a.Ds("values"))
                sketch.Add(value);
            return sketch.Quantile(a.D("q")).Value.Figures();
        },
        ["distinct_sketch"] = a =>
        {
            var sketch = new DistinctSketch((int)a.L("precision"));
            for (var i = 0L; i < a.L("total"); i++)
                sketch.Add("unit-" + (i % a.L("distinct")).ToString(CultureInfo.InvariantCulture));
            return sketch.Estimate().Figures();
        },
        ["effect_trend_kind"] = a =>
        {
            var trend = EffectTrend.Of(a.Rows("days").Select(d => (d[0], new EffectEstimate(d[1], d[2]))).ToArray()).Value;
            return new()
            {
                ["slope"] = trend.Slope.Value,
                ["start"] = trend.Start,
                ["se"] = trend.Slope.StandardError!.Value,
                ["p"] = trend.Test.PValue,
                ["kind"] = trend.Kind() switch { TrendKind.Novelty => -1, TrendKind.Primacy => 1, _ => 0 },
            };
        },
        ["aa_check"] = a =>
        {
            var check = AaCheck.Of(a.Ds("p")).Value;
            return new()
            {
                ["ks"] = check.Uniformity.PValue,
                ["positives"] = check.FalsePositives.Successes,
                ["low"] = check.FalsePositiveRange.Low,
                ["high"] = check.FalsePositiveRange.High,
                ["ok"] = Verdict(check.IsOk()),
            };
        },
    };

    private static double Verdict(bool value) => value ? 1 : 0;

    private static (Proportion Control, Proportion Treatment) Pair(double[] row) => (new((long)row[0], (long)row[1]), new((long)row[2], (long)row[3]));

    private static Dictionary<string, double> Simpson(SimpsonResult result) => new()
    {
        ["pooled"] = result.Pooled.Value,
        ["stratified"] = result.Stratified.Value,
        ["reversed"] = Verdict(result.IsReversed),
        ["opposed"] = result.Opposed.Count,
        ["mix"] = result.MixTest.Value.Statistic,
        ["mix_p"] = result.MixTest.Value.PValue,
    };

    private static Dictionary<string, double> Outliers(JsonElement a)
    {
        var (control, treatment, extremes) = (a.Ds("control"), a.Ds("treatment"), a.Ds("extremes"));
        var influence = OutlierInfluence.Of(
            new((long)control[0], control[1], control[2]), extremes[0], new((long)treatment[0], treatment[1], treatment[2]), extremes[1]).Value;
        var rest = influence.WithoutLargest.Difference.Value;
        return new()
        {
            ["all_p"] = influence.All.Test.Value.PValue,
            ["rest_p"] = influence.WithoutLargest.Test.Value.PValue,
            ["rest"] = rest.Value,
            ["rest_low"] = rest.Interval.Low,
            ["rest_high"] = rest.Interval.High,
            ["decisive"] = Verdict(influence.IsDecisive),
        };
    }

    private static Dictionary<string, double> Segments(JsonElement a)
    {
        var dimensions = a.GetProperty("dimensions").EnumerateArray().Select(d => d.GetString()!).ToArray();
        var rows = a.Rows("arms").Select((row, i) => (dimensions[i], $"segment {i}", Pair(row).Control, Pair(row).Treatment)).ToArray();
        var result = SegmentEffects.Of(rows, correction: Enum.Parse<SegmentCorrection>(a.S("correction"))).Value;
        var figures = new Dictionary<string, double>();
        for (var i = 0; i < rows.Length; i++)
        {
            figures[$"p{i}"] = result.Segments[i].AdjustedPValue.Value;
            figures[$"low{i}"] = result.Segments[i].Comparison.Difference.Value.Interval.Low;
        }
        for (var i = 0; i < result.Dimensions.Count; i++)
            figures[$"interaction{i}"] = result.Dimensions[i].AdjustedPValue.Value;
        return figures;
    }

    private static Dictionary<string, double> Stopping(JsonElement a)
    {
        var arms = a.Rows("arms").Select(v => new BetaPosterior(v[0], v[1])).ToArray();
        var comparison = BayesianComparison.Of(arms[0], arms[1]).Value;
        return new()
        {
            ["loss"] = comparison.ExpectedLoss,
            ["loss_control"] = comparison.ExpectedLossOfControl,
            ["decision"] = BayesianStopping.Decide(comparison, a.D("threshold")).Value switch { "treatment" => 1, "control" => -1, _ => 0 },
        };
    }
}

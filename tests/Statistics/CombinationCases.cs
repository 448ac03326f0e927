using System.Text.Json;
using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.VarianceReduction;

namespace CroPlatform.Statistics.Tests;

/// <summary>Corrections, variance reduction and meta-analysis as reference cases call them.</summary>
internal static class CombinationCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["holm"] = a => List(PValueAdjustment.Holm(a.Ds("p"))),
        ["hochberg"] = a => List(PValueAdjustment.Hochberg(a.Ds("p"))),
        ["benjamini_hochberg"] = a => List(PValueAdjustment.BenjaminiHochberg(a.Ds("p"))),
        ["benjamini_yekutieli"] = a => List(PValueAdjustment.BenjaminiYekutieli(a.Ds("p"))),
        ["lord_plus_plus"] = a => Stream(OnlineFdr.LordPlusPlus(a.D("alpha"), a.D("wealth")), a.Ds("p")),
        ["e_lond"] = a => Stream(OnlineFdr.ELond(a.D("alpha")), a.Ds("e")),
        ["dunnett_test"] = a => List(Dunnett.Test(a.Samples()[0], a.Samples()[1..]).Map<IReadOnlyList<double>>(r => r.Select(t => t.PValue).ToArray())),
        ["cuped"] = a => Cuped(MomentMatrix.Of(a.Rows("control")), MomentMatrix.Of(a.Rows("treatment"))),
        ["post_stratification"] = a =>
        {
            var rows = a.Samples("strata");
            return PostStratification.Compare(Enumerable.Range(0, rows.Length / 2).Select(i => (rows[2 * i], rows[2 * i + 1])).ToArray()).Difference.Figures();
        },
        ["winsorize"] = a =>
        {
            var result = Winsorizing.ByPercentile([a.Ds("control"), a.Ds("treatment")], a.D("lower"), a.D("upper")).Value;
            return new() { ["low"] = result.Caps.Low, ["high"] = result.Caps.High, ["mean0"] = result.Arms[0].Average(), ["mean1"] = result.Arms[1].Average() };
        },
        ["meta_fixed"] = a => Figures(MetaAnalysis.FixedEffect(Effects(a))),
        ["meta_random"] = a => Figures(MetaAnalysis.RandomEffects(Effects(a), Enum.Parse<HeterogeneityEstimator>(a.S("estimator")), a.B("hartung_knapp"))),
        ["meta_shrink"] = a => List(MetaAnalysis.Shrink(Effects(a)).Map<IReadOnlyList<double>>(r => r.Select(e => e.Effect).ToArray())),
    };

    private static EffectEstimate[] Effects(JsonElement a) => a.Rows("effects").Select(v => new EffectEstimate(v[0], v[1])).ToArray();

    private static Dictionary<string, double> List(Computed<IReadOnlyList<double>> values) =>
        values.Value.Select((value, i) => (value, i)).ToDictionary(v => $"{v.i}", v => v.value);

    private static Dictionary<string, double> Stream(OnlineFdr fdr, double[] values)
    {
        var figures = new Dictionary<string, double>();
        for (var i = 0; i < values.Length; i++)
        {
            figures[$"level{i}"] = fdr.NextLevel;
            figures[$"reject{i}"] = fdr.Judge(values[i]) ? 1 : 0;
        }
        return figures;
    }

    private static Dictionary<string, double> Cuped(MomentMatrix control, MomentMatrix treatment)
    {
        var result = VarianceReduction.Cuped.Adjust(control, treatment).Value;
        var figures = new Dictionary<string, double>
        {
            ["difference"] = result.Treatment.Mean - result.Control.Mean,
            ["reduction"] = result.VarianceReduction,
            ["variance0"] = result.Control.Variance,
            ["variance1"] = result.Treatment.Variance,
        };
        for (var i = 0; i < result.Coefficients.Count; i++)
            figures[$"theta{i}"] = result.Coefficients[i];
        return figures;
    }

    private static Dictionary<string, double> Figures(Computed<MetaResult> meta)
    {
        var result = meta.Value;
        var figures = new Dictionary<string, double>
        {
            ["effect"] = result.Effect.Value,
            ["se"] = result.Effect.StandardError!.Value,
            ["low"] = result.Effect.Interval.Low,
            ["high"] = result.Effect.Interval.High,
            ["p"] = result.Test.PValue,
            ["tau2"] = result.TauSquared,
            ["i2"] = result.ISquared,
            ["q"] = result.Heterogeneity.Statistic,
            ["q_p"] = result.Heterogeneity.PValue,
        };
        if (result.PredictionInterval.TryGet(out var prediction))
            (figures["prediction_low"], figures["prediction_high"]) = (prediction.Low, prediction.High);
        return figures;
    }
}

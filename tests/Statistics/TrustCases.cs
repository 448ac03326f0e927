using System.Text.Json;
using CroPlatform.Statistics.Factorials;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Statistics.Tests;

/// <summary>Trust checks and factorial analyses as reference cases call them.</summary>
internal static class TrustCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["sample_ratio_always_valid"] = a => SampleRatio.AlwaysValid(a.Ls("observed"), a.Ds("shares"), a.D("concentration")).Value.LogEValue.Figures(),
        ["ks_uniform"] = a => Map(AaCheck.Of(a.Ds("p")).Value.Uniformity),
        ["effect_trend"] = a =>
        {
            var trend = EffectTrend.Of(a.Rows("days").Select(d => (d[0], new EffectEstimate(d[1], d[2]))).ToArray()).Value;
            return new() { ["slope"] = trend.Slope.Value, ["se"] = trend.Slope.StandardError!.Value, ["start"] = trend.Start, ["p"] = trend.Test.PValue };
        },
        ["factorial_linear"] = a => Figures(FactorialAnalysis.Linear(Design(a), a.Samples("runs"), Terms(a))),
        ["factorial_logistic"] = a => Figures(FactorialAnalysis.Logistic(Design(a), a.Proportions("runs"), Terms(a))),
    };

    private static Dictionary<string, double> Map(TestResult test) => new() { ["statistic"] = test.Statistic, ["p"] = test.PValue };

    private static FactorialDesign Design(JsonElement a) =>
        FactorialDesign.Of(a.Rows("design").Select(r => (IReadOnlyList<int>)r.Select(v => (int)v).ToArray()).ToArray()).Value;

    private static string[] Terms(JsonElement a) => a.GetProperty("terms").EnumerateArray().Select(t => t.GetString()!).ToArray();

    private static Dictionary<string, double> Figures(Computed<IReadOnlyList<FactorialEffect>> effects)
    {
        var figures = new Dictionary<string, double>();
        foreach (var effect in effects.Value)
        {
            figures[effect.Term] = effect.Effect.Value;
            figures[effect.Term + "_se"] = effect.Effect.StandardError!.Value;
            figures[effect.Term + "_p"] = effect.Test.PValue;
            figures[effect.Term + "_low"] = effect.Effect.Interval.Low;
        }
        return figures;
    }
}

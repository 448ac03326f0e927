using System.Text.Json;
using CroPlatform.Statistics.Sequential;

namespace CroPlatform.Statistics.Tests;

/// <summary>The sequential methods as reference cases call them.</summary>
internal static class SequentialCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["group_sequential"] = a => Figures(Design(a)),
        ["wang_tsiatis"] = a => Figures(GroupSequentialDesign.WangTsiatis((int)a.D("looks"), a.D("delta"), Options(a)).Value),
        ["group_sequential_inference"] = a => Inference(Design(a), a),
        ["msprt"] = a => Figures(AlwaysValid.MixtureSprt(a.D("estimate"), a.D("se"), a.D("tau"), a.Confidence()).Value),
        ["confidence_sequence"] = a => Figures(AlwaysValid.ConfidenceSequence(a.D("estimate"), a.D("se"), a.D("tuned"), a.Confidence()).Value),
        ["empirical_bernstein"] = a => EmpiricalBernstein(a.Ds("values"), a.Confidence()),
    };

    public static GroupSequentialOptions Options(JsonElement a) => new()
    {
        Alpha = a.D("alpha", 0.05),
        Beta = a.D("beta", 0.2),
        TwoSided = !a.B("one_sided"),
        AlphaSpending = Spend(a, "spending", "of"),
        BetaSpending = a.TryGetProperty("futility", out _) ? Spend(a, "futility", "of") : null,
        BindingFutility = a.B("binding"),
    };

    private static GroupSequentialDesign Design(JsonElement a) => GroupSequentialDesign.Create(a.Ds("times"), Options(a)).Value;

    private static Spending Spend(JsonElement a, string name, string otherwise)
    {
        var kind = a.TryGetProperty(name, out var value) ? value.GetString()! : otherwise;
        return kind switch
        {
            "of" => Spending.OBrienFleming,
            "pocock" => Spending.Pocock,
            "hsd" => Spending.HwangShihDeCani(a.D(name + "_parameter")),
            _ => Spending.KimDeMets(a.D(name + "_parameter")),
        };
    }

    private static Dictionary<string, double> Figures(GroupSequentialDesign design)
    {
        var figures = new Dictionary<string, double> { ["drift"] = design.Drift, ["inflation"] = design.InflationFactor };
        for (var k = 0; k < design.Times.Count; k++)
        {
            figures[$"upper{k + 1}"] = design.UpperBounds[k];
            figures[$"lower{k + 1}"] = design.LowerBounds[k];
            figures[$"wedge{k + 1}"] = design.WedgeBounds[k];
        }
        return figures;
    }

    private static Dictionary<string, double> Inference(GroupSequentialDesign design, JsonElement a)
    {
        var result = design.Analyze((int)a.D("look"), a.D("estimate"), a.D("se")).Value;
        return new()
        {
            ["p"] = result.AdjustedPValue,
            ["median"] = result.MedianUnbiased.Value.Value,
            ["low"] = result.MedianUnbiased.Value.Interval.Low,
            ["high"] = result.MedianUnbiased.Value.Interval.High,
            ["repeated_low"] = result.RepeatedInterval.Value.Low,
            ["repeated_high"] = result.RepeatedInterval.Value.High,
        };
    }

    private static Dictionary<string, double> Figures(AlwaysValidResult result) => new()
    {
        ["log_e"] = result.LogEValue,
        ["p"] = result.PValue,
        ["low"] = result.Estimate.Interval.Low,
        ["high"] = result.Estimate.Interval.High,
    };

    private static Dictionary<string, double> EmpiricalBernstein(double[] values, double confidence)
    {
        var sequence = new EmpiricalBernstein(confidence);
        foreach (var value in values)
            sequence.Add(value);
        return new() { ["low"] = sequence.Interval.Low, ["high"] = sequence.Interval.High };
    }
}

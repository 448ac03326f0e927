using System.Text.Json;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.Numerics;
using CroPlatform.Statistics.PowerAnalysis;

namespace CroPlatform.Statistics.Tests;

/// <summary>Power and multiplicity as reference cases call them.</summary>
internal static class PowerCases
{
    public static readonly Dictionary<string, Func<JsonElement, Dictionary<string, double>>> Methods = new()
    {
        ["noncentral_t_cdf"] = a => Noncentral.StudentTCdf(a.D("t"), a.D("df"), a.D("ncp")).Figures(),
        ["power_proportions"] = a => Power.ForProportions(a.D("p0"), a.D("p1"), a.D("n"), Options(a)).Value.Figures(),
        ["power_means"] = a => Power.ForMeans(a.D("difference"), a.D("sd0"), a.D("sd1"), a.D("n"), Options(a)).Value.Figures(),
        ["power_non_inferiority"] = a => Power.ForNonInferiority(a.D("p0"), a.D("p1"), a.D("margin"), a.D("n"), Options(a)).Value.Figures(),
        ["power_arms"] = a => Power.ForArms(a.Ds("rates"), a.Ds("units"), a.D("alpha")).Value.Figures(),
        ["power_anova"] = a => Power.ForAnova(a.Ds("means"), a.D("sd"), a.Ds("units"), a.D("alpha")).Value.Figures(),
        ["power_ratios"] = a => Power.ForRatios(a.D("difference"), Pair(a, "control"), Pair(a, "treatment"), a.D("n"), Options(a)).Value.Figures(),
        ["size_proportions"] = a => SampleSize.ForProportions(a.D("p0"), a.D("p1"), Options(a)).Value.ControlExact.Figures(),
        ["size_means"] = a => SampleSize.ForMeans(a.D("difference"), a.D("sd0"), a.D("sd1"), Options(a)).Value.ControlExact.Figures(),
        ["size_non_inferiority"] = a => SampleSize.ForNonInferiority(a.D("p0"), a.D("p1"), a.D("margin"), Options(a)).Value.ControlExact.Figures(),
        ["size_arms"] = a => SampleSize.ForArms(a.Ds("rates"), a.D("alpha"), a.D("power")).Value.Figures(),
        ["mde_proportions"] = a => MinimumDetectableEffect.ForProportions(a.D("p0"), a.D("n"), Options(a), a.B("decrease")).Value.Figures(),
        ["mde_means"] = a => MinimumDetectableEffect.ForMeans(a.D("sd0"), a.D("sd1"), a.D("n"), Options(a)).Value.Figures(),
        ["dunnett_critical"] = a => Dunnett.CriticalValue(a.Ds("shares"), a.D("alpha"), a.D("df", double.PositiveInfinity), !a.B("one_sided")).Figures(),
        ["dunnett_tail"] = a => Dunnett.UpperTail(a.Ds("shares"), a.D("t"), a.D("df", double.PositiveInfinity), !a.B("one_sided")).P.Figures(),
    };

    public static PairSummary Pair(JsonElement a, string name)
    {
        var v = a.Ds(name);
        return new(2, v[0], v[1], v[2], v[3], v[4]);
    }

    public static PowerOptions Options(JsonElement a) => new()
    {
        Alpha = a.D("alpha", 0.05),
        Power = a.D("power", 0.8),
        AllocationRatio = a.D("ratio", 1),
        Treatments = (int)a.D("treatments", 1),
        Correction = a.TryGetProperty("correction", out var c) ? Enum.Parse<ArmCorrection>(c.GetString()!) : ArmCorrection.Bonferroni,
        CovariateCorrelation = a.D("rho", 0),
        SequentialInflation = a.D("inflation", 1),
        Alternative = a.Alternative(),
    };
}

using CroPlatform.Services.Statistics.Receive;

namespace CroPlatform.Services.Statistics.Check;

/// <summary>What the bodies of calculations must fulfil. Each answers the first field at fault, or null.</summary>
internal static class CalculationRules
{
    public const string Conversion = "conversion";
    public const string Mean = "mean";
    public const string ObrienFleming = "obrien_fleming";
    public const string Pocock = "pocock";
    public const string HwangShihDecani = "hwang_shih_decani";
    public const string KimDemets = "kim_demets";

    /// <summary>The largest magnitude of a value; double precision keeps its digits there.</summary>
    private const double MaxValue = 1e12;

    private const long MaxUnits = 1_000_000_000_000;
    private const double LeastAlpha = 1e-9;
    private const int MaxTreatments = 20;
    private const int MaxLooks = 30;
    private const int MaxEffects = 1_000;

    public static FieldProblem? Check(SampleSizeRequest request)
    {
        var checks = new FieldChecks();
        checks.Known(request);
        Kind(checks, request.Kind);
        var isConversion = request.Kind == Conversion;
        if (request.RelativeEffect is not null || isConversion) checks.Given(request.Baseline, "baseline");
        if (isConversion) checks.Between(request.Baseline, "baseline", 0, 1);
        else checks.Range(request.Baseline, "baseline", -MaxValue, MaxValue);
        if (request.AbsoluteEffect is not null) checks.Refuse(request.RelativeEffect, "relative_effect", "give relative_effect or absolute_effect, not both");
        else checks.Given(request.RelativeEffect, "relative_effect");
        var field = request.AbsoluteEffect is null ? "relative_effect" : "absolute_effect";
        checks.Range(request.RelativeEffect ?? request.AbsoluteEffect, field, -MaxValue, MaxValue);
        if (checks.First is null)
        {
            var effect = request.AbsoluteEffect ?? request.Baseline!.Value * request.RelativeEffect!.Value;
            if (effect == 0) checks.Add("out_of_range", field, "without an effect no size is enough");
            if (isConversion && request.Baseline + effect is not (> 0 and < 1)) checks.Add("out_of_range", field, "the treatment's rate must lie between 0 and 1, both excluded");
        }

        if (isConversion) checks.Refuse(request.StandardDeviation, "standard_deviation", "a rate has its own spread");
        else if (checks.Given(request.StandardDeviation, "standard_deviation")) checks.Between(request.StandardDeviation, "standard_deviation", 0, MaxValue);
        Errors(checks, request.Alpha, request.Power);
        checks.Range(request.Treatments, "treatments", 1, MaxTreatments);
        checks.OneOf(request.Correction, "correction", "none", "bonferroni", "dunnett");
        checks.Range(request.AllocationRatio, "allocation_ratio", 0.001, 1_000);
        checks.Between(request.CovariateCorrelation, "covariate_correlation", -1, 1);
        checks.Range(request.Looks, "looks", 1, MaxLooks);
        checks.Between(request.UnitsPerDay, "units_per_day", 0, MaxUnits);
        return checks.First;
    }

    public static FieldProblem? Check(SignificanceRequest request)
    {
        var checks = new FieldChecks();
        checks.Known(request);
        Kind(checks, request.Kind);
        checks.Range(request.Confidence, "confidence", 0.5, 0.9999);
        var arms = checks.Items(request.Variants, "variants", 2, MaxTreatments + 1);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < arms.Count; i++)
        {
            var (arm, at) = (arms[i], $"variants[{i}].");
            if (checks.Given(arm.Key, at + "key") && !keys.Add(arm.Key!)) checks.Add("conflict", at + "key", $"there are two variants '{arm.Key}'");
            checks.Text(arm.Key, at + "key");
            if (arm.Control && arms.Take(i).Any(a => a.Control)) checks.Add("conflict", at + "control", "one variant is the control");
            if (checks.Given(arm.N, at + "n")) checks.Range(arm.N, at + "n", 0, MaxUnits);
            if (request.Kind == Conversion) Rate(checks, arm, at);
            else Moments(checks, arm, at);
        }

        return checks.First;
    }

    public static FieldProblem? Check(SequentialPlanRequest request)
    {
        var checks = new FieldChecks();
        checks.Known(request);
        if (request.Times is { } times) Times(checks, request, times);
        else if (checks.Given(request.Looks, "looks")) checks.Range(request.Looks, "looks", 1, MaxLooks);
        Errors(checks, request.Alpha, request.Power);
        checks.OneOf(request.Spending, "spending", ObrienFleming, Pocock, HwangShihDecani, KimDemets);
        if (request.Spending is HwangShihDecani or KimDemets) checks.Given(request.SpendingParameter, "spending_parameter");
        else checks.Refuse(request.SpendingParameter, "spending_parameter", $"{request.Spending} takes no parameter");
        if (request.Spending == KimDemets) checks.Range(request.SpendingParameter, "spending_parameter", 0.1, 20);
        else checks.Range(request.SpendingParameter, "spending_parameter", -20, 20);
        checks.OneOf(request.Futility, "futility", "none", "non_binding", "binding");
        checks.Range(request.FixedUnits, "fixed_units", 2, MaxUnits);
        return checks.First;
    }

    public static FieldProblem? Check(MetaAnalysisRequest request)
    {
        var checks = new FieldChecks();
        checks.Known(request);
        checks.OneOf(request.Model, "model", "random", "fixed");
        checks.OneOf(request.Estimator, "estimator", "reml", "dersimonian_laird");
        if (request.Model == "fixed")
        {
            checks.Refuse(request.Estimator, "estimator", "a fixed effect has no spread to estimate");
            checks.Refuse(request.HartungKnapp, "hartung_knapp", "a fixed effect has no spread to estimate");
        }

        checks.Range(request.Confidence, "confidence", 0.5, 0.9999);
        var effects = checks.Items(request.Effects, "effects", 2, MaxEffects);
        for (var i = 0; i < effects.Count; i++)
        {
            var (effect, at) = (effects[i], $"effects[{i}].");
            checks.Text(effect.Key, at + "key");
            if (checks.Given(effect.Effect, at + "effect")) checks.Range(effect.Effect, at + "effect", -MaxValue, MaxValue);
            if (checks.Given(effect.StandardError, at + "standard_error")) checks.Range(effect.StandardError, at + "standard_error", 1 / MaxValue, MaxValue);
        }

        return checks.First;
    }

    private static void Kind(FieldChecks checks, string? kind)
    {
        checks.Given(kind, "kind");
        checks.OneOf(kind, "kind", Conversion, Mean);
    }

    private static void Errors(FieldChecks checks, double alpha, double power)
    {
        checks.Range(alpha, "alpha", LeastAlpha, 0.5);
        checks.Range(power, "power", 0.01, 0.9999);
        if (power <= alpha) checks.Add("out_of_range", "power", "power must exceed alpha");
    }

    private static void Rate(FieldChecks checks, ArmRequest arm, string at)
    {
        checks.Refuse(arm.Mean, at + "mean", "a conversion's mean follows from its counts");
        checks.Refuse(arm.StandardDeviation, at + "standard_deviation", "a rate has its own spread");
        if (checks.Given(arm.Conversions, at + "conversions")) checks.Range(arm.Conversions, at + "conversions", 0, arm.N ?? 0);
    }

    private static void Moments(FieldChecks checks, ArmRequest arm, string at)
    {
        checks.Refuse(arm.Conversions, at + "conversions", "a mean has no conversions");
        if (checks.Given(arm.Mean, at + "mean")) checks.Range(arm.Mean, at + "mean", -MaxValue, MaxValue);
        if (checks.Given(arm.StandardDeviation, at + "standard_deviation")) checks.Range(arm.StandardDeviation, at + "standard_deviation", 0, MaxValue);
    }

    private static void Times(FieldChecks checks, SequentialPlanRequest request, IReadOnlyList<double> times)
    {
        checks.Refuse(request.Looks, "looks", "give looks or times, not both");
        checks.Range(times.Count, "times", 1, MaxLooks);
        for (var i = 0; i < times.Count; i++)
        {
            checks.Range(times[i], $"times[{i}]", 0.001, 1);
            if (i > 0 && !(times[i] > times[i - 1] * 1.0001)) checks.Add("out_of_range", $"times[{i}]", "times must ascend, each by at least 0.01 %");
        }

        if (times.Count > 0 && times[^1] != 1) checks.Add("out_of_range", $"times[{times.Count - 1}]", "the last look is at 1, where all information is there");
    }
}

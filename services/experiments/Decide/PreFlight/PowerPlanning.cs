using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Statistics;
using CroPlatform.Statistics.PowerAnalysis;

namespace CroPlatform.Services.Experiments.Decide.PreFlight;

/// <summary>How many units and days an experiment needs at the traffic at hand, metric by metric. Pure.</summary>
internal static class PowerPlanning
{
    public const double DefaultEffect = 0.05;
    private const double DefaultDays = 14;
    private const double Power = 0.8;

    /// <param name="participantsPerDay">Null: the traffic is not known.</param>
    public static PowerView Of(ExperimentRequest definition, Metric metric, MetricBaseline? baseline, double? participantsPerDay)
    {
        var effect = definition.Decision?.MinEffect is > 0 and var asked ? asked : DefaultEffect;
        var missing = new Dictionary<string, string>();
        var kind = MetricKinds.NameOf(metric.Kind);
        if (baseline is null || baseline.Missing.Length > 0 || baseline.Mean == 0)
        {
            var why = baseline is { Missing.Length: > 0 } ? baseline.Missing : baseline is { Mean: 0 } ? "zero_baseline" : "no_traffic";
            foreach (var figure in (string[])["baseline", "standard_deviation", "units", "days", "detectable_effect"]) missing[figure] = why;
            return new PowerView(metric.Key, kind, null, null, effect, null, null, null, missing);
        }

        var options = Options(definition);
        var plan = metric.IsBinary
            ? SampleSize.ForProportions(baseline.Mean, Math.Clamp(baseline.Mean * (1 + (metric.Decrease ? -effect : effect)), 1e-9, 1 - 1e-9), options)
            : SampleSize.ForMeans(Math.Abs(baseline.Mean) * effect, baseline.StandardDeviation, options);
        var units = Take("units", plan.Map(p => p.Total));
        var days = units is { } needed ? Days(needed) : Missing("days", missing["units"]);
        var horizon = definition.Decision?.MaxDays is > 0 and var max ? max : DefaultDays;
        var detectable = participantsPerDay is > 0 and var daily
            ? Take("detectable_effect", Detectable(metric, baseline, daily * horizon * ControlShare(definition), options))
            : Missing("detectable_effect", "no_traffic");
        return new PowerView(metric.Key, kind, baseline.Mean, baseline.StandardDeviation, effect, units, days, detectable, missing);

        double? Days(double units) => participantsPerDay is > 0 and var daily ? units / daily : Missing("days", "no_traffic");

        double? Take(string name, Computed<double> figure) => figure.Missing is { } why ? Missing(name, why.Code) : figure.Value;

        double? Missing(string name, string why)
        {
            missing[name] = why;
            return null;
        }
    }

    private static Computed<double> Detectable(Metric metric, MetricBaseline baseline, double controlUnits, PowerOptions options) =>
        (metric.IsBinary
            ? MinimumDetectableEffect.ForProportions(baseline.Mean, controlUnits, options, metric.Decrease)
            : MinimumDetectableEffect.ForMeans(baseline.StandardDeviation, baseline.StandardDeviation, controlUnits, options))
        .Map(effect => Math.Abs(effect / baseline.Mean));

    private static PowerOptions Options(ExperimentRequest definition)
    {
        var (control, weights) = Weights(definition);
        return new PowerOptions
        {
            Alpha = 1 - (definition.Decision?.Confidence ?? 0.95),
            Power = Power,
            Treatments = weights.Count - 1,
            AllocationRatio = weights.Where((_, i) => i != control).Min() is > 0 and var least && weights[control] > 0 ? least / weights[control] : 1,
        };
    }

    private static double ControlShare(ExperimentRequest definition)
    {
        var (control, weights) = Weights(definition);
        return weights[control];
    }

    private static (int Control, IReadOnlyList<double> Weights) Weights(ExperimentRequest definition)
    {
        var variants = definition.Variants!;
        return (Math.Max(0, variants.ToList().FindIndex(v => v!.Control == true)), [.. variants.Select(v => v!.Weight ?? 1.0 / variants.Count)]);
    }
}

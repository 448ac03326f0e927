using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>Provisional figures, ahead of the next checkpoint: what has been counted in memory. Nothing is judged by them.</summary>
internal sealed record LiveFigures(
    string Experiment, DateTimeOffset AsOf, bool Provisional, IReadOnlyList<LiveArmFigures> Variants, IReadOnlyDictionary<string, string> Missing)
{
    /// <param name="counters">Null where there are none: Redis is away, or the experiment does not run.</param>
    public static LiveFigures Of(Experiment experiment, LiveCounters? counters, DateTimeOffset now)
    {
        if (counters is null)
        {
            var reason = experiment.Status == ExperimentStatus.Running ? "unavailable" : "not_running";
            return new LiveFigures(experiment.Key, now, true, [], new Dictionary<string, string> { ["variants"] = reason });
        }

        var control = counters.Variants[experiment.Control];
        return new LiveFigures(
            experiment.Key, DateTimeOffset.FromUnixTimeMilliseconds(counters.AsOfMs), true,
            [.. counters.Variants.Select(v => new LiveArmFigures(v.Key, v.Units, [.. v.Metrics.Select((m, i) => Figures(experiment.Metrics[i], m, v, control.Metrics[i], control))]))],
            new Dictionary<string, string>());
    }

    /// <summary>Only of kinds whose mean is the sum over all units.</summary>
    private static LiveMetricFigures Figures(Metric metric, LiveMetric sum, LiveVariant variant, LiveMetric controlSum, LiveVariant control)
    {
        var isSummed = metric.Kind is MetricKind.Conversion or MetricKind.Retention or MetricKind.Count or MetricKind.Sum;
        double? mean = isSummed && variant.Units > 0 ? sum.Sum / variant.Units : null;
        double? baseline = isSummed && control.Units > 0 ? controlSum.Sum / control.Units : null;
        return new LiveMetricFigures(metric.Key, sum.Sum, mean, ReferenceEquals(variant, control) || baseline is null or 0 ? null : mean / baseline - 1);
    }
}

internal sealed record LiveArmFigures(string Key, long Units, IReadOnlyList<LiveMetricFigures> Metrics);

/// <param name="Mean">Per unit; null for kinds whose mean is not the sum over the units.</param>
/// <param name="Lift">Against the control; null for the control.</param>
internal sealed record LiveMetricFigures(string Key, double Sum, double? Mean, double? Lift);

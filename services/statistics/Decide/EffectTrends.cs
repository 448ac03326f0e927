using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>How a treatment's effect changes with the days since exposure.</summary>
/// <param name="Kind">none, novelty (it fades) or primacy (it grows).</param>
/// <param name="Slope">Change of the difference a day.</param>
internal sealed record TrendResult(string Metric, string Variant, string Kind, double Slope, double PValue);

/// <summary>Novelty and primacy, from effects by days since exposure. Pure.</summary>
internal static class EffectTrends
{
    public static IEnumerable<TrendResult> Of(SurveyNumbers survey)
    {
        var experiment = survey.Experiment;
        var ages = survey.ByAge.GroupBy(a => a.Key.Age).OrderBy(a => a.Key).ToList();
        for (var i = 0; i < experiment.Metrics.Length; i++)
        {
            if (experiment.Metrics[i].Kind is MetricKind.Retention or MetricKind.Duration) continue;
            for (var variant = 0; variant < experiment.Variants.Length; variant++)
            {
                if (variant == experiment.Control) continue;
                var effects = new List<(double Time, EffectEstimate Effect)>();
                foreach (var age in ages)
                {
                    var phases = SurveyAnalysis.Phases(experiment, i, age.Select(a => (a.Key.Phase, a.Key.Variant, a.Value)));
                    if (ArmComparison.Of(experiment, i, phases, variant).Means.TryGet(out var means) && means.DifferenceError > 0)
                    {
                        effects.Add((age.Key, new EffectEstimate(means.Difference, means.DifferenceError)));
                    }
                }

                if (!EffectTrend.Of(effects).TryGet(out var trend)) continue;
                yield return new TrendResult(
                    experiment.Metrics[i].Key, experiment.Variants[variant].Key, trend.Kind().ToString().ToLowerInvariant(), trend.Slope.Value, trend.Test.PValue);
            }
        }
    }
}

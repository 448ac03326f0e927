using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>Turns an experiment's numbers into its results. Pure.</summary>
internal static class Analyst
{
    private const double DayMs = 86_400_000;

    /// <param name="looks">Those that were taken of a group-sequential test.</param>
    /// <param name="known">Warnings that come from elsewhere.</param>
    public static ExperimentResults Analyse(Experiment experiment, Numbers numbers, IReadOnlyList<Look> looks, DateTimeOffset now, IReadOnlyList<Reason>? known = null)
    {
        var nowMs = now.ToUnixTimeMilliseconds();
        var sampleRatio = TrafficCheck.SampleRatio(experiment, numbers);
        var days = ((experiment.StoppedMs > 0 ? experiment.StoppedMs : nowMs) - experiment.StartedMs) / DayMs;
        return new ExperimentResults
        {
            Experiment = experiment.Key,
            Version = experiment.Version,
            Status = ExperimentStatuses.NameOf(experiment.Status),
            AsOf = now,
            Exposures = numbers.Units,
            CrossoverUnits = numbers.Excluded(ExclusionClass.Crossover),
            MismatchedUnits = numbers.Excluded(ExclusionClass.Mismatch),
            BotUnits = numbers.Excluded(ExclusionClass.Bot),
            SampleRatio = sampleRatio,
            Metrics = MetricAnalysis.WithAdjustedPValues(
                experiment, [.. experiment.Metrics.Select((_, i) => MetricAnalysis.Of(experiment, i, numbers, looks, days))]),
            Decision = Judge.Of(experiment, numbers, looks, sampleRatio, nowMs) with
            {
                Method = DecisionNames.NameOf(experiment.Decision.Method),
                Rule = DecisionNames.NameOf(experiment.Decision.Rule),
            },
            Warnings = [.. Warnings.Of(experiment, numbers), .. known ?? []],
        };
    }

    /// <summary>The look that has fallen due, to be stored before it is judged; null if there is none.</summary>
    public static Look? LookDue(Experiment experiment, Numbers numbers, IReadOnlyList<Look> looks, DateTimeOffset now) => numbers.IsComplete && !Judge.OpenCaps(experiment).Any()
        ? LookPlan.Due(experiment, numbers, looks, Judge.IsOver(experiment, numbers, now.ToUnixTimeMilliseconds()), now)
        : null;
}

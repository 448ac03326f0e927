using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>Turns an experiment's numbers into its results. Pure.</summary>
internal static class Analyst
{
    public static ExperimentResults Analyse(Experiment experiment, Numbers numbers, DateTimeOffset now)
    {
        var sampleRatio = TrafficCheck.SampleRatio(experiment, numbers);
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
            Metrics = [.. experiment.Metrics.Select((_, i) => MetricAnalysis.Of(experiment, i, numbers))],
            Decision = Judge.Of(experiment, numbers, sampleRatio, now.ToUnixTimeMilliseconds()),
        };
    }
}

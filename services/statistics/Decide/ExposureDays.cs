using CroPlatform.Experimentation;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>A metric over the units of one exposure day, and over all units up to it.</summary>
internal sealed record ExposureDay(DateOnly Day, string Metric, IReadOnlyList<SliceFigures> Variants, IReadOnlyList<SliceFigures> Cumulative)
{
    /// <summary>The treatments' confidence sequences over all units up to the day.</summary>
    public required IReadOnlyList<SequenceFigures?> Sequences { get; init; }
}

/// <summary>Results by the UTC day of the first exposure. Pure.</summary>
internal static class ExposureDays
{
    public static IEnumerable<ExposureDay> Of(Experiment experiment, Numbers numbers)
    {
        foreach (var day in numbers.Cells.Select(c => c.Key.Day).Distinct().Order())
        {
            for (var i = 0; i < experiment.Metrics.Length; i++)
            {
                var index = i;
                var upTo = (numbers with { Cells = [.. numbers.Cells.Where(c => c.Key.Day <= day)] }).ArmsByPhase(experiment, i);
                yield return new ExposureDay(
                    DateOnly.FromDayNumber(DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + day),
                    experiment.Metrics[i].Key,
                    SliceFigures.Of(experiment, i, (numbers with { Cells = [.. numbers.Cells.Where(c => c.Key.Day == day)] }).ArmsByPhase(experiment, i)),
                    SliceFigures.Of(experiment, i, upTo))
                {
                    Sequences = [.. experiment.Variants.Select((_, v) => v == experiment.Control
                        ? null
                        : SequenceFigures.Of(ArmComparison.Of(experiment, index, upTo, v), experiment.Decision))],
                };
            }
        }
    }
}

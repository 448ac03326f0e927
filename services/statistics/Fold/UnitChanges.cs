using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>
/// What one experiment made of a unit before events came, and what it makes of it after. Metrics that read none of the events are left out on
/// both sides, and exposures are read once, where the events have none to the experiment.
/// </summary>
internal readonly record struct UnitChange(ExperimentFold Fold, ExposureReading Exposures, IReadOnlyList<string>? Events, Contribution Before)
{
    public Contribution After(UnitHistory history) => Events is null ? Fold.Of(history) : Fold.Of(history, Exposures, Events);
}

internal static class UnitChanges
{
    /// <summary>To be called before the events are added. Experiments that they cannot change are not among them.</summary>
    public static List<UnitChange> Of(UnitHistory history, List<EventReading> fresh, List<ExperimentFold> experiments)
    {
        // A history that is full makes its unit a bot, which takes every outcome out.
        var mayBeBot = history.Facts.Count + fresh.Count > UnitHistory.MaxFacts;
        var events = new List<string>(1);
        foreach (var reading in fresh)
        {
            if (!events.Contains(reading.Fact!.Type)) events.Add(reading.Fact.Type);
        }

        var changes = new List<UnitChange>(experiments.Count);
        foreach (var fold in experiments)
        {
            if (mayBeBot || fresh.Exists(r => r.Fact!.Exposure?.Experiment == fold.Experiment.Key))
            {
                changes.Add(new UnitChange(fold, default, null, fold.Of(history)));
            }
            else if (fold.Reads(events))
            {
                var exposures = fold.Exposures(history);
                changes.Add(new UnitChange(fold, exposures, events, fold.Of(history, exposures, events)));
            }
        }

        return changes;
    }
}

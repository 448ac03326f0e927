using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>
/// When an experiment has a new version, or a bandit a new interval, the contributions of the units with facts after it took effect are computed again: exposures
/// that came before their experiment was known, outcomes that came after its stop but before word of it.
/// </summary>
internal sealed partial class PartitionFold
{
    private Catalog? _caughtUpWith;

    private async Task CatchUpAsync(CancellationToken ct)
    {
        var now = catalog();
        if (ReferenceEquals(now, _caughtUpWith)) return;
        foreach (var versions in now.Experiments)
        {
            if (versions.Current is not { } current) continue;
            var before = _folded.Find(current.Site, current.Key);
            if (versions.ChangedSince(before?.Experiment) is not { } changedMs) continue;

            // Another analysis revision counts every unit anew, from the start on.
            var isReanalysed = before is not null && before.Experiment.AnalysisRevision != current.AnalysisRevision;
            var since = isReanalysed ? current.StartedMs : changedMs;
            await RefoldAsync(before, new ExperimentFold(current), since, ct);
        }

        _caughtUpWith = now;
    }

    private async Task RefoldAsync(ExperimentFold? before, ExperimentFold after, long sinceMs, CancellationToken ct)
    {
        var experiment = after.Experiment;
        var visited = 0;
        foreach (var unit in _units.Values)
        {
            if (unit.History.Site == experiment.Site && (unit.History.LastTimeMs >= sinceMs || unit.History.HasHeld)) visited += Refold(unit, before, after);
        }

        await foreach (var history in store.ReadUnitsAsync(_lane, experiment.Site, sinceMs, ct))
        {
            if (_units.ContainsKey((history.Site, history.Name))) continue;
            var unit = new CachedUnit(history);
            visited += Refold(unit, before, after);
            if (unit.IsDirty) _units[(history.Site, history.Name)] = unit;
        }

        _folded.Set(after);
        if (visited > 0) LogRefolded(experiment.Site, experiment.Key, experiment.Version, _lane, visited);
    }

    /// <returns>1 if the unit has to do with the experiment, else 0.</returns>
    private int Refold(CachedUnit unit, ExperimentFold? before, ExperimentFold after)
    {
        var exposed = unit.History.Facts.Where(f => f.Exposure?.Experiment == after.Experiment.Key).ToList();
        if (exposed.Count == 0) return 0;
        foreach (var fact in exposed.Where(f => f.Held))
        {
            fact.Held = false;
            unit.IsDirty = true;
            Count(unit.History.Site, b => b with { Held = b.Held - 1, Counted = b.Counted + 1 });
        }

        Replace(unit.History, before, before?.Of(unit.History) ?? Contribution.None, after, after.Of(unit.History));
        return 1;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Site}/{Experiment} version {Version}: partition {Partition} folded {Units} units again")]
    private partial void LogRefolded(string site, string experiment, int version, int partition, int units);
}

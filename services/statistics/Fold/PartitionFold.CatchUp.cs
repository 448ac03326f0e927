using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>
/// When experiments have new versions, or bandits new intervals, the contributions of the units with facts after they took effect are computed
/// again: exposures that came before their experiment was known, outcomes that came after its stop but before word of it. One walk serves all the news.
/// </summary>
internal sealed partial class PartitionFold
{
    private Catalog? _caughtUpWith;

    /// <param name="SinceMs">Units whose facts are all older have nothing to do with it.</param>
    private sealed record News(ExperimentFold? Before, ExperimentFold After, long SinceMs)
    {
        public int Units { get; set; }
    }

    private async Task CatchUpAsync(CancellationToken ct)
    {
        var now = catalog();
        if (ReferenceEquals(now, _caughtUpWith)) return;
        var news = new List<News>();
        foreach (var versions in now.Experiments)
        {
            if (versions.Current is not { } current) continue;
            var before = _folded.Find(current.Site, current.Key);
            if (versions.ChangedSince(before?.Experiment) is not { } changedMs) continue;

            // Another analysis revision counts every unit anew, from the start on.
            var isReanalysed = before is not null && before.Experiment.AnalysisRevision != current.AnalysisRevision;
            news.Add(new News(before, new ExperimentFold(current), isReanalysed ? current.StartedMs : changedMs));
        }

        foreach (var site in news.GroupBy(n => n.After.Experiment.Site)) await RefoldAsync(site.Key, site.ToDictionary(n => n.After.Experiment.Key), ct);
        _caughtUpWith = now;
    }

    private async Task RefoldAsync(string site, Dictionary<string, News> news, CancellationToken ct)
    {
        foreach (var unit in _units.Values)
        {
            if (unit.History.Site == site) Refold(unit, news);
        }

        await foreach (var history in store.ReadUnitsAsync(_lane, site, news.Values.Min(n => n.SinceMs), ct))
        {
            if (_units.ContainsKey((history.Site, history.Name))) continue;
            var unit = new CachedUnit(history);
            Refold(unit, news);
            if (unit.IsDirty) _units[(history.Site, history.Name)] = unit;
        }

        foreach (var its in news.Values)
        {
            _folded.Set(its.After);
            if (its.Units > 0) LogRefolded(site, its.After.Experiment.Key, its.After.Experiment.Version, _lane, its.Units);
        }
    }

    private void Refold(CachedUnit unit, Dictionary<string, News> news)
    {
        var history = unit.History;
        var (done, hasHeld) = (new List<News>(), history.HasHeld);
        foreach (var fact in history.AsSpan())
        {
            if (fact.Exposure is not { } exposure || !news.TryGetValue(exposure.Experiment, out var its)) continue;
            if (history.LastTimeMs < its.SinceMs && !hasHeld) continue;
            if (!done.Contains(its)) done.Add(its);
            if (!fact.Held) continue;
            fact.Held = false;
            unit.IsDirty = true;
            Count(history.Site, b => b with { Held = b.Held - 1, Counted = b.Counted + 1 });
        }

        foreach (var its in done)
        {
            its.Units++;
            Replace(history, its.Before, its.Before?.Of(history) ?? Contribution.None, its.After, its.After.Of(history));
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Site}/{Experiment} version {Version}: partition {Partition} folded {Units} units again")]
    private partial void LogRefolded(string site, string experiment, int version, int partition, int units);
}

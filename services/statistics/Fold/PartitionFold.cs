using System.Diagnostics;
using Confluent.Kafka;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>
/// One partition while this process owns it: units and aggregates in memory, changed by contribution(after) − contribution(before),
/// stored with the next offset in one transaction. Dropping it loses nothing: it is made again from what is stored.
/// </summary>
internal sealed partial class PartitionFold(
    IPartitionRows store, StoredPartition stored, Func<Catalog> catalog, StatisticsOptions options, FoldMetrics metrics, ILogger logger,
    FindLinkedFacts findLinked) : IPartitionState
{
    private static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<(string Site, string Unit), CachedUnit> _units = [];
    private readonly Aggregates _aggregates = stored.Aggregates;
    private readonly FoldedExperiments _folded = stored.Folded;
    private readonly Dictionary<string, Balance> _balance = stored.Balance;
    private readonly HashSet<string> _changedBalance = [];
    private readonly List<EventReading> _quarantine = [];
    private readonly TracedEvents _traced = new();
    private readonly int _lane = Lane.Of(stored.Claim);
    private Claim _claim = stored.Claim;
    private long _next = stored.Claim.Next;
    private long _folds;
    private long _liveAt;
    private volatile LiveSnapshot _live = new(stored.Claim.Epoch, -1, []);

    /// <summary>Goes up with every change of the aggregates.</summary>
    public long Changes { get; private set; }

    /// <summary>The running experiments' counters, made by the folding thread a few times a second: other threads read it whole.</summary>
    public LiveSnapshot Live => _live;

    public bool IsDirty => _next > _claim.Next || _folded.Changed.Count > 0 || _changedBalance.Count > 0 || _erased.Count > 0;

    public async Task FoldAsync(IReadOnlyList<ConsumeResult<byte[], byte[]>> records, CancellationToken ct)
    {
        await CatchUpAsync(ct);
        await EraseAsync(ct);
        _folds++;
        var maxLateness = (long)TimeSpan.FromHours(options.MaxLatenessHours).TotalMilliseconds;
        var readings = new List<EventReading>(records.Count);
        foreach (var record in records)
        {
            // A fetch that was under way when the partition was opened may bring records again.
            if (record.Offset.Value < _next) continue;
            _next = record.Offset.Value + 1;
            _traced.Note(record);
            var reading = Lane.IsFacts(_lane) ? EventReading.OfFact(record, _caughtUpWith!) : EventReading.Of(record, maxLateness, _caughtUpWith!);
            if (reading.IsErased)
            {
                Forget(reading);
                continue;
            }

            // What was put back and cannot be counted yet goes on lying where it lay.
            if (reading is { PutBack: not null, Quarantine: not null }) continue;
            if (reading.Fact is null) Quarantine(reading);
            else readings.Add(reading);
        }

        await LookUpAsync(readings, ct);
        await LoadAsync(readings.Select(r => (r.Site, r.Unit)), ct);
        foreach (var unit in Touched(readings)) Fold(unit);
        metrics.Folded(records.Count);
    }

    public async Task TickAsync(CancellationToken ct)
    {
        await CatchUpAsync(ct);
        await EraseAsync(ct);
        if (_live.Changes == Changes || Stopwatch.GetElapsedTime(_liveAt) < LiveInterval) return;
        _live = LiveSnapshot.Of(_claim.Epoch, Changes, _folded.All, _aggregates);
        _liveAt = Stopwatch.GetTimestamp();
    }

    public async Task<long> CheckpointAsync(CancellationToken ct)
    {
        var dirty = _units.Values.Where(u => u.IsDirty).ToList();
        var checkpoint = new Checkpoint(
            _claim, _next, dirty, _aggregates, _folded, [.. _changedBalance.Select(s => (s, _balance[s]))], _quarantine, _settled, _erased);
        using (_traced.Storing())
        {
            _claim = await store.SaveAsync(checkpoint, ct);
        }

        foreach (var unit in dirty) unit.IsDirty = false;
        _aggregates.Stored();
        _folded.Changed.Clear();
        _changedBalance.Clear();
        _quarantine.Clear();
        _settled.Clear();
        Erased(dirty);
        Evict();
        return _next;
    }

    /// <summary>The units that these are of, each with its own waiting at it.</summary>
    private List<CachedUnit> Touched(List<EventReading> readings)
    {
        var units = new List<CachedUnit>(readings.Count);
        foreach (var reading in readings)
        {
            var unit = _units[(reading.Site, reading.Unit)];
            if (unit.Waiting is null) units.Add(unit);
            (unit.Waiting ??= []).Add(reading);
        }

        return units;
    }

    private void Fold(CachedUnit unit)
    {
        unit.UsedAt = _folds;
        var history = unit.History;
        var fresh = Fresh(history, unit.Waiting!);
        unit.Waiting = null;
        if (fresh.Count == 0) return;
        var changes = UnitChanges.Of(history, fresh, ExperimentsOf(history, fresh));
        foreach (var reading in fresh) Add(history, reading);
        history.Trim(type => catalog().IsMeasured(history.Site, type), PhaseOf);
        unit.IsDirty = true;
        foreach (var change in changes) Replace(history, change.Fold, change.Before, change.Fold, change.After(history));

        int? PhaseOf(Fact fact) => _folded.Find(history.Site, fact.Exposure!.Experiment)?.Experiment.PhaseAt(fact.TimeMs)?.Index;
    }

    /// <summary>Those that are no copies.</summary>
    private List<EventReading> Fresh(UnitHistory history, List<EventReading> readings)
    {
        var fresh = new List<EventReading>(readings.Count);
        var seen = readings.Count > 1 ? new HashSet<FactId>(readings.Count) : null;
        foreach (var reading in readings)
        {
            var isCopy = seen?.Add(reading.Fact!.Id) == false | IsKnown(history, reading);
            var isFirstHere = reading.PutBack is null || Settle(reading);
            if (!isCopy) fresh.Add(reading);
            else if (isFirstHere) Count(reading.Site, b => b with { Deduplicated = b.Deduplicated + 1 });
        }

        return fresh;
    }

    private void Add(UnitHistory history, EventReading reading)
    {
        var fact = reading.Fact!;
        history.TryAdd(fact);
        if (reading.Quarantine is not null)
        {
            Quarantine(reading);
        }
        else if (fact.Exposure is { } exposure && _folded.Find(reading.Site, exposure.Experiment) is null)
        {
            fact.Held = true;
            Count(reading.Site, b => b with { Held = b.Held + 1 });
        }
        else
        {
            Count(reading.Site, b => b with { Counted = b.Counted + 1 });
        }
    }

    /// <summary>The known experiments that the unit was exposed to or is now.</summary>
    private List<ExperimentFold> ExperimentsOf(UnitHistory history, List<EventReading> fresh)
    {
        var experiments = new List<ExperimentFold>();
        foreach (var fact in history.AsSpan()) Note(fact);
        foreach (var reading in fresh) Note(reading.Fact!);
        return experiments;

        void Note(Fact fact)
        {
            if (fact.Exposure is not { } exposure || experiments.Exists(e => e.Experiment.Key == exposure.Experiment)) return;
            if (_folded.Find(history.Site, exposure.Experiment) is { } fold) experiments.Add(fold);
        }
    }

    /// <returns>Whether that changed anything.</returns>
    private bool Replace(UnitHistory history, ExperimentFold? beforeFold, Contribution before, ExperimentFold afterFold, Contribution after)
    {
        if (!_aggregates.Replace(history.Unit, beforeFold, before, afterFold, after)) return false;
        Changes++;
        _folded.Touch((afterFold.Experiment.Site, afterFold.Experiment.Key));
        return true;
    }

    private void Quarantine(EventReading reading)
    {
        _quarantine.Add(reading);
        Count(reading.Site, b => b with { Quarantined = b.Quarantined + 1 });
        metrics.Quarantined(reading.Quarantine!);
    }

    /// <summary>An accepted event is told once: where its visitor is folded.</summary>
    private void Count(string site, Func<Balance, Balance> change)
    {
        if (Lane.IsFacts(_lane)) return;
        _balance[site] = change(_balance.GetValueOrDefault(site) ?? Balance.Zero);
        _changedBalance.Add(site);
    }

    private async Task LoadAsync(IEnumerable<(string Site, string Unit)> keys, CancellationToken ct)
    {
        var missing = keys.Where(k => !_units.ContainsKey(k)).ToHashSet();
        if (missing.Count == 0) return;
        foreach (var history in await store.LoadUnitsAsync(_lane, missing, ct)) _units[(history.Site, history.Name)] = new CachedUnit(history);
        foreach (var key in missing) _units.TryAdd(key, new CachedUnit(UnitCodec.New(key.Site, key.Unit, _lane)));
    }

    /// <summary>Stored units beyond the bound make room, the least recently used first.</summary>
    private void Evict()
    {
        if (_units.Count <= options.CachedUnits) return;
        var leaving = _units.OrderBy(u => u.Value.UsedAt).Take(_units.Count - options.CachedUnits / 2).Select(u => u.Key).ToList();
        foreach (var key in leaving) _units.Remove(key);
    }
}

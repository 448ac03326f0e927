using Confluent.Kafka;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>Looks in the log for the facts under other units that an erasure covers, up to an offset.</summary>
internal delegate Task<IReadOnlyCollection<(string Unit, FactId Id)>> FindLinkedFacts(Erasure erasure, int lane, long to, CancellationToken ct);

/// <summary>
/// Carries erasures out, each once: what was folded of a person is taken out by contribution(after) − contribution(before), what comes later is not
/// taken in. A replay, which never takes it in, gives the same numbers.
/// </summary>
internal sealed partial class PartitionFold
{
    private readonly HashSet<string> _carriedOut = [.. stored.Erased];
    private readonly List<ErasedRow> _erased = [];
    private readonly Dictionary<string, Task<IReadOnlyCollection<(string Unit, FactId Id)>>> _searches = [];

    // Those of this catalog that are not carried out.
    private List<Erasure> _open = [];
    private Catalog? _openOf;

    /// <summary>For a fold that begins with the log: it leaves erased events out from the start.</summary>
    public static Task<IReadOnlyCollection<(string Unit, FactId Id)>> NothingLinked(Erasure erasure, int lane, long to, CancellationToken ct) =>
        Task.FromResult<IReadOnlyCollection<(string, FactId)>>([]);

    private async Task EraseAsync(CancellationToken ct)
    {
        if (!ReferenceEquals(_openOf, _caughtUpWith))
        {
            _open = [.. _caughtUpWith!.AllErasures.Where(e => !_carriedOut.Contains(e.Id))];
            _openOf = _caughtUpWith;
        }

        foreach (var erasure in _open.ToList())
        {
            // Looked for beside the folding: from here on nothing of it is taken in, so the search ends where folding stands.
            if (!_searches.TryGetValue(erasure.Id, out var search)) _searches[erasure.Id] = search = SearchAsync(erasure, ct);
            if (!search.IsCompleted) continue;
            _searches.Remove(erasure.Id);
            await EraseAsync(erasure, await search, ct);
            _carriedOut.Add(erasure.Id);
            _open.Remove(erasure);
        }
    }

    private Task<IReadOnlyCollection<(string Unit, FactId Id)>> SearchAsync(Erasure erasure, CancellationToken ct)
    {
        var isOnlyOwn = !Lane.IsFacts(_lane) && erasure.Units.All(u => u.UnitType == Experimentation.UnitTypes.Visitor);
        return isOnlyOwn ? NothingLinked(erasure, _lane, 0, ct) : findLinked(erasure, _lane, _next, ct);
    }

    private async Task EraseAsync(Erasure erasure, IReadOnlyCollection<(string Unit, FactId Id)> linked, CancellationToken ct)
    {
        var (units, facts, restated) = (0, 0L, new HashSet<string>());
        var linkedOf = linked.ToLookup(l => l.Unit, l => l.Id);
        await LoadAsync(linkedOf.Select(l => (erasure.Site, l.Key)), ct);
        var named = erasure.Units.Select(u => u.Digest).ToHashSet();
        foreach (var history in await store.FindUnitsAsync(_lane, erasure.Site, named, ct)) _units.TryAdd((history.Site, history.Name), new CachedUnit(history));
        foreach (var unit in _units.Values.Where(u => u.History.Site == erasure.Site))
        {
            var history = unit.History;
            var ids = linkedOf[history.Name].ToHashSet();
            var isNamed = named.Contains(ErasedUnit.DigestOf(history.Site, history.UnitType, history.Unit));
            var gone = isNamed || ids.Count > 0 ? Remove(unit, f => ids.Contains(f.Id) || (isNamed && Math.Min(f.TimeMs, f.ReceivedMs) <= erasure.AtMs), restated) : 0;
            if (gone == 0) continue;
            units++;
            facts += gone;
        }

        var alone = Erasures.None.With(erasure);
        var places = await store.FindQuarantinedAsync(_claim, IsAbout, ct);
        foreach (var waiting in _quarantine.Where(r => IsAbout(r.Record))) waiting.Record.Message.Value = [];
        _erased.Add(new ErasedRow(erasure.Site, erasure.Id, units, facts, places, [.. restated.Order(StringComparer.Ordinal)]));
        LogErased(erasure.Site, erasure.Id, _lane, units, facts);

        bool IsAbout(ConsumeResult<byte[], byte[]> record) => EventReading.LinkOf(record, alone) is not null;
    }

    /// <returns>How many facts there were.</returns>
    private int Remove(CachedUnit unit, Predicate<Fact> match, HashSet<string> restated)
    {
        var history = unit.History;
        var experiments = ExperimentsOf(history, []);
        var before = experiments.ConvertAll(e => e.Of(history));
        var removed = history.Remove(match);
        foreach (var _ in removed.Where(f => f.Held)) Count(history.Site, b => b with { Held = b.Held - 1, Counted = b.Counted + 1 });
        if (removed.Count > 0) unit.IsDirty = true;
        for (var i = 0; i < experiments.Count; i++)
        {
            if (Replace(history, experiments[i], before[i], experiments[i], experiments[i].Of(history))) restated.Add(experiments[i].Experiment.Key);
        }

        return removed.Count;
    }

    /// <summary>An event that may not be taken in: it was accepted, so it is balanced, and nothing else stays of it.</summary>
    private void Forget(EventReading reading)
    {
        if (reading.PutBack is null) Count(reading.Site, b => b with { Counted = b.Counted + 1 });
    }

    /// <summary>After a checkpoint: units without facts have no row any more.</summary>
    private void Erased(List<CachedUnit> stored)
    {
        _erased.Clear();
        foreach (var unit in stored.Where(u => u.History.Facts.Count == 0)) _units.Remove((unit.History.Site, unit.History.Name));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Site}: erasure {Id}: partition {Partition} forgot {Facts} facts of {Units} units")]
    private partial void LogErased(string site, string id, int partition, int units, long facts);
}

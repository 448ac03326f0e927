using System.Runtime.CompilerServices;
using Confluent.Kafka;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>A partition's rows in memory, in the form in which Postgres would hold them.</summary>
internal sealed class MemoryRows : IPartitionRows
{
    private readonly Dictionary<(string Site, string Unit), byte[]> _units = [];
    private readonly Dictionary<(string, string), (int Version, int Allocations, long Changes)> _folded = [];

    public Dictionary<CellKey, (long Units, string Packed)> Cells { get; } = [];
    public Dictionary<ExclusionKey, long> Exclusions { get; } = [];
    public Dictionary<string, Balance> Balance { get; } = [];
    public Dictionary<QuarantinedAt, string> Quarantine { get; } = [];
    public List<ErasedRow> Erased { get; } = [];
    public long Next { get; private set; }

    public IEnumerable<(string Site, string Unit)> Units => _units.Keys;

    public IReadOnlyDictionary<(string Site, string Experiment), (int Version, int Allocations, long Changes)> Folded => _folded;

    public Task<IReadOnlyList<UnitHistory>> LoadUnitsAsync(int partition, IReadOnlyCollection<(string Site, string Unit)> keys, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<UnitHistory>>([.. keys.Where(_units.ContainsKey).Select(k => UnitCodec.Decode(k.Site, k.Unit, partition, _units[k]))]);

    public async IAsyncEnumerable<UnitHistory> ReadUnitsAsync(int partition, string site, long sinceMs, [EnumeratorCancellation] CancellationToken ct)
    {
        await Task.CompletedTask;
        foreach (var (key, state) in _units.ToList())
        {
            var history = UnitCodec.Decode(key.Site, key.Unit, partition, state);
            if (key.Site == site && (history.LastTimeMs >= sinceMs || history.HasHeld)) yield return history;
        }
    }

    public Task<IReadOnlyDictionary<QuarantinedAt, string>> QuarantinedAsync(IReadOnlyList<QuarantinedAt> places, CancellationToken ct) =>
        Task.FromResult<IReadOnlyDictionary<QuarantinedAt, string>>(Quarantine.Where(q => places.Contains(q.Key)).ToDictionary());

    public Task<IReadOnlyList<UnitHistory>> FindUnitsAsync(int partition, string site, IReadOnlySet<string> digests, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<UnitHistory>>([.. _units.Select(u => UnitCodec.Decode(u.Key.Site, u.Key.Unit, partition, u.Value))
            .Where(h => h.Site == site && digests.Contains(ErasedUnit.DigestOf(h.Site, h.UnitType, h.Unit)))]);

    public Task<IReadOnlyList<QuarantinedAt>> FindQuarantinedAsync(Claim claim, Func<ConsumeResult<byte[], byte[]>, bool> match, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<QuarantinedAt>>([]);

    public Task<Claim> SaveAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        foreach (var history in checkpoint.Units.Select(u => u.History))
        {
            if (history.Facts.Count == 0) _units.Remove((history.Site, history.Unit));
            else _units[(history.Site, history.Unit)] = UnitCodec.Encode(history);
        }

        Erased.AddRange(checkpoint.Erased);
        foreach (var key in checkpoint.Aggregates.ChangedCells) Cells[key] = Packed(checkpoint.Aggregates.Cells[key]);
        foreach (var key in checkpoint.Aggregates.ChangedExclusions) Exclusions[key] = checkpoint.Aggregates.Exclusions[key];
        foreach (var key in checkpoint.Folded.Changed)
        {
            var experiment = checkpoint.Folded.Find(key.Site, key.Experiment)!.Experiment;
            _folded[key] = (experiment.Version, experiment.Allocations, checkpoint.Folded.ChangesOf(key));
        }

        foreach (var reading in checkpoint.Quarantine)
        {
            Quarantine[new QuarantinedAt(reading.Record.Topic, reading.Record.Partition.Value, "log", reading.Record.Offset.Value)] = reading.Site;
        }

        foreach (var place in checkpoint.Settled) Quarantine.Remove(place);
        foreach (var (site, balance) in checkpoint.Balance) Balance[site] = balance;
        Next = checkpoint.Next;
        return Task.FromResult(checkpoint.Claim with { Next = checkpoint.Next });
    }

    /// <summary>What would be read of a partition that is opened anew.</summary>
    public StoredPartition Open(Experimentation.Configuration.Catalog catalog)
    {
        var aggregates = new Aggregates();
        foreach (var (key, (_, packed)) in Cells) aggregates.Cells[key] = CellCodec.Decode(Convert.FromHexString(packed));

        foreach (var (key, units) in Exclusions) aggregates.Exclusions[key] = units;
        var folded = new FoldedExperiments();
        foreach (var (key, (version, allocations, changes)) in _folded)
        {
            folded.Restore(new ExperimentFold(catalog.Find(key.Item1, key.Item2)!.Find(version, allocations)!), changes);
        }

        return new StoredPartition(new Claim("t", 0, 1, Next, false), "log", aggregates, folded, new Dictionary<string, Balance>(Balance), [.. Erased.Select(e => e.Erasure)]);
    }

    private static (long Units, string Packed) Packed(Cell cell) => (cell.Units, Convert.ToHexString(CellCodec.Encode(cell)));
}

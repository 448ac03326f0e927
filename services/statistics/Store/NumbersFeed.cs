using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;
using IsolationLevel = System.Data.IsolationLevel;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>
/// Experiments' numbers over all partitions, kept in memory: of each that is read again, only the rows come that checkpoints have written since.
/// For one caller at a time.
/// </summary>
internal sealed class NumbersFeed(NpgsqlDataSource source)
{
    private readonly Dictionary<(string Site, string Experiment), Kept> _kept = [];
    private ILookup<(string Site, string Experiment), Folded> _folded = Array.Empty<Folded>().ToLookup(f => (f.Site, f.Experiment));

    /// <summary>Where all partitions together stand: a number that is another one after every checkpoint.</summary>
    public async Task<long> PositionAsync(CancellationToken ct)
    {
        await using var command = source.CreateCommand("select coalesce(sum(next_offset + epoch), 0)::bigint from offsets");
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>How often each experiment's stored numbers have changed, caps that were taken of them included.</summary>
    public async Task<IReadOnlyDictionary<(string Site, string Experiment), long>> ChangesAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        _folded = (await db.QueryAsync<Folded>(new CommandDefinition(
            """
            select partition as "Partition", site as "Site", experiment as "Experiment", version as "Version", allocations as "Allocations", changes as "Changes"
            from folded
            """,
            cancellationToken: ct))).ToLookup(f => (f.Site, f.Experiment));
        var caps = await db.QueryAsync<(string Site, string Experiment, long Caps)>(new CommandDefinition(
            "select site, experiment, count(*) from caps group by site, experiment", cancellationToken: ct));
        return _folded.Select(f => (f.Key, Count: f.Sum(r => r.Changes))).Concat(caps.Select(c => (Key: (c.Site, c.Experiment), Count: c.Caps)))
            .GroupBy(c => c.Key).ToDictionary(g => g.Key, g => g.Sum(c => c.Count));
    }

    /// <summary>Brings these up to date, at least to the last look at the changes. All are of one moment.</summary>
    public async Task ReadAsync(IEnumerable<Experiment> experiments, CancellationToken ct)
    {
        var behind = experiments.SelectMany(e => _folded[(e.Site, e.Key)]).Where(f => KeptOf((f.Site, f.Experiment)).Seen.GetValueOrDefault(f.Partition) != f.Changes).ToList();
        if (behind.Count == 0) return;
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var wanted = new
        {
            partitions = behind.ConvertAll(f => f.Partition),
            sites = behind.ConvertAll(f => f.Site),
            experiments = behind.ConvertAll(f => f.Experiment),
            seen = behind.ConvertAll(f => KeptOf((f.Site, f.Experiment)).Seen.GetValueOrDefault(f.Partition)),
        };
        var rows = await db.QueryAsync<CellRow>(new CommandDefinition(
            CellRow.Columns + """
             join unnest(@partitions, @sites, @experiments, @seen) as w (partition, site, experiment, seen)
                on a.partition = w.partition and a.site = w.site and a.experiment = w.experiment and a.changes > w.seen
            """,
            wanted, transaction, cancellationToken: ct));
        foreach (var row in rows) KeptOf((row.Site, row.Experiment)).Put(row.Partition, row.Key, row.ToCell());
        foreach (var f in behind)
        {
            var kept = KeptOf((f.Site, f.Experiment));
            kept.Seen[f.Partition] = f.Changes;
            kept.Exclusions.Clear();
        }

        var exclusions = await db.QueryAsync<(string Site, string Experiment, string Class, int Variant, long Units)>(new CommandDefinition(
            """
            select site, experiment, class, variant, sum(units)::bigint from exclusions
            where (site, experiment) in (select * from unnest(@sites, @experiments)) group by site, experiment, class, variant
            """,
            wanted, transaction, cancellationToken: ct));
        foreach (var e in exclusions) KeptOf((e.Site, e.Experiment)).Exclusions[new ExclusionKey(e.Site, e.Experiment, e.Class, e.Variant)] = e.Units;
    }

    /// <summary>The numbers as they were read last. What they hold changes with the next reading.</summary>
    public Numbers Of(Experiment experiment)
    {
        var (kept, isFacts) = (KeptOf((experiment.Site, experiment.Key)), experiment.Unit != UnitTypes.Visitor);
        return new Numbers(
            [.. kept.Sums.Where(s => s.Key.Revision == experiment.AnalysisRevision).Select(s => (s.Key, s.Value))], kept.Exclusions,
            _folded[(experiment.Site, experiment.Key)].Count(f => Lane.IsFacts(f.Partition) == isFacts && f.Version >= experiment.Version && f.Allocations >= experiment.Allocations)
                >= NumbersReader.Partitions);
    }

    /// <summary>Forgets an experiment whose numbers will hardly be asked for again; they are read anew if they are.</summary>
    public void Forget(Experiment experiment) => _kept.Remove((experiment.Site, experiment.Key));

    private Kept KeptOf((string Site, string Experiment) key)
    {
        if (!_kept.TryGetValue(key, out var kept)) _kept[key] = kept = new Kept();
        return kept;
    }

    private sealed record Folded
    {
        public int Partition { get; init; }
        public required string Site { get; init; }
        public required string Experiment { get; init; }
        public int Version { get; init; }
        public int Allocations { get; init; }
        public long Changes { get; init; }
    }

    private sealed class Kept
    {
        private readonly Dictionary<(int Partition, CellKey Key), Cell> _parts = [];

        public Dictionary<int, long> Seen { get; } = [];
        public Dictionary<CellKey, Cell> Sums { get; } = [];
        public Dictionary<ExclusionKey, long> Exclusions { get; } = [];

        /// <summary>Puts a partition's cell in the place of the one that was read of it before.</summary>
        public void Put(int partition, CellKey key, Cell cell)
        {
            if (!Sums.TryGetValue(key, out var sum)) Sums[key] = sum = new Cell(cell.Moments.Length);
            if (_parts.TryGetValue((partition, key), out var before)) sum.Merge(before, -1);
            sum.Merge(cell);
            _parts[(partition, key)] = cell;
        }
    }
}

using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;
using IsolationLevel = System.Data.IsolationLevel;
using TopicPartition = Confluent.Kafka.TopicPartition;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Reads experiments' numbers summed over all partitions, whoever owns them.</summary>
internal sealed class NumbersReader(NpgsqlDataSource source)
{
    public static readonly int Partitions = Topics.All.Single(t => t.Name == Topics.Events).Partitions;

    public async Task<Numbers> ReadAsync(Experiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        // One snapshot for the three queries.
        await using var transaction = await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        return await ReadAsync(experiment, db, transaction, ct);
    }

    /// <summary>The same, with how far each partition had been read for it.</summary>
    public async Task<(Numbers Numbers, IReadOnlyList<(TopicPartition Partition, long Next)> Offsets)> ReadWithOffsetsAsync(Experiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var topic = experiment.Unit == UnitTypes.Visitor ? Topics.Events : Topics.Facts;
        // The router's own offsets stand under another name.
        var offsets = await db.QueryAsync<(int Partition, long Next)>(new CommandDefinition(
            "select partition, next_offset from offsets where topic = @topic order by partition", new { topic }, transaction, cancellationToken: ct));
        return (await ReadAsync(experiment, db, transaction, ct), [.. offsets.Select(o => (new TopicPartition(topic, o.Partition), o.Next))]);
    }

    private static async Task<Numbers> ReadAsync(Experiment experiment, NpgsqlConnection db, NpgsqlTransaction transaction, CancellationToken ct)
    {
        var name = new { site = experiment.Site, experiment = experiment.Key, revision = experiment.AnalysisRevision, version = experiment.Version, allocations = experiment.Allocations, facts = Lane.FirstOfFacts, isFacts = experiment.Unit != UnitTypes.Visitor };
        var cells = new Dictionary<CellKey, Cell>();
        foreach (var row in await db.QueryAsync<CellRow>(new CommandDefinition(
            CellRow.Columns + " where a.site = @site and a.experiment = @experiment and a.revision = @revision", name, transaction, cancellationToken: ct)))
        {
            if (!cells.TryGetValue(row.Key, out var sum)) cells[row.Key] = sum = new Cell(experiment.Metrics.Length);
            sum.Merge(row.ToCell());
        }

        var exclusions = (await db.QueryAsync<(string Class, int Variant, long Units)>(new CommandDefinition(
            "select class, variant, sum(units)::bigint from exclusions where site = @site and experiment = @experiment group by class, variant",
            name, transaction, cancellationToken: ct)))
            .ToDictionary(e => new ExclusionKey(experiment.Site, experiment.Key, e.Class, e.Variant), e => e.Units);
        var folded = await db.ExecuteScalarAsync<int>(new CommandDefinition(
            "select count(*)::int from folded where site = @site and experiment = @experiment and version >= @version and allocations >= @allocations and (partition >= @facts) = @isFacts", name, transaction, cancellationToken: ct));
        return new Numbers([.. cells.Select(c => (c.Key, c.Value))], exclusions, folded >= Partitions);
    }

    /// <summary>How often each experiment's stored numbers have changed.</summary>
    public async Task<IReadOnlyDictionary<(string Site, string Experiment), long>> ChangesAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Site, string Experiment, long Changes)>(new CommandDefinition(
            "select site, experiment, sum(changes)::bigint from folded group by site, experiment", cancellationToken: ct));
        return rows.ToDictionary(r => (r.Site, r.Experiment), r => r.Changes);
    }

    /// <summary>Exposures to the experiment that came too late or could not be read.</summary>
    public async Task<long> QuarantinedAsync(Experiment experiment, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteScalarAsync<long>(new CommandDefinition(
            "select count(*) from quarantine where site = @site and experiment = @experiment",
            new { site = experiment.Site, experiment = experiment.Key }, cancellationToken: ct));
    }

    public async Task<Balance> BalanceAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var (counted, held, quarantined, deduplicated) = await db.QuerySingleAsync<(long, long, long, long)>(new CommandDefinition(
            """
            select coalesce(sum(counted), 0)::bigint, coalesce(sum(held), 0)::bigint, coalesce(sum(quarantined), 0)::bigint,
                coalesce(sum(deduplicated), 0)::bigint
            from balance where site = @site
            """,
            new { site }, cancellationToken: ct));
        return new Balance(counted, held, quarantined, deduplicated);
    }
}

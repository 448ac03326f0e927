using System.Diagnostics;
using System.Runtime.CompilerServices;
using Confluent.Kafka;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>A partition's rows: read when it is opened, written by checkpoints.</summary>
internal sealed class PartitionStore(NpgsqlDataSource source, FoldMetrics metrics) : IPartitionRows
{
    private int _saving;

    /// <summary>Whether checkpoints of this process are being stored just now.</summary>
    public bool IsSaving => Volatile.Read(ref _saving) > 0;

    /// <summary>Claims the partition and reads what is stored of it.</summary>
    public async Task<StoredPartition> OpenAsync(string topic, int partition, string logId, Catalog catalog, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var claim = await OffsetLedger.ClaimAsync(db, topic, partition, logId, ct);
        partition = Lane.Of(claim);
        var aggregates = new Aggregates();
        foreach (var row in await db.QueryAsync<CellRow>(new CommandDefinition(CellRow.Columns + " where a.partition = @partition", new { partition }, cancellationToken: ct)))
        {
            aggregates.Cells[row.Key] = row.ToCell();
        }

        foreach (var (site, experiment, reason, variant, units) in await db.QueryAsync<(string, string, string, int, long)>(new CommandDefinition(
            "select site, experiment, class, variant, units from exclusions where partition = @partition", new { partition }, cancellationToken: ct)))
        {
            aggregates.Exclusions[new ExclusionKey(site, experiment, reason, variant)] = units;
        }

        var folded = new FoldedExperiments();
        foreach (var (site, experiment, version, allocations, changes) in await db.QueryAsync<(string, string, int, int, long)>(new CommandDefinition(
            "select site, experiment, version, allocations, changes from folded where partition = @partition", new { partition }, cancellationToken: ct)))
        {
            var known = catalog.Find(site, experiment)?.Find(version, allocations)
                ?? throw new InvalidOperationException($"{site}/{experiment}: version {version} with {allocations} intervals was folded but is not in the catalog yet");
            folded.Restore(new ExperimentFold(known), changes);
        }

        var balance = (await db.QueryAsync<(string Site, long Counted, long Held, long Quarantined, long Deduplicated)>(new CommandDefinition(
            "select site, counted, held, quarantined, deduplicated from balance where partition = @partition", new { partition }, cancellationToken: ct)))
            .ToDictionary(b => b.Site, b => new Balance(b.Counted, b.Held, b.Quarantined, b.Deduplicated));
        return new StoredPartition(claim, logId, aggregates, folded, balance, await ErasureRows.CarriedOutAsync(db, partition, ct));
    }

    public async Task<IReadOnlyList<UnitHistory>> LoadUnitsAsync(int partition, IReadOnlyCollection<(string Site, string Unit)> keys, CancellationToken ct)
    {
        const string sql = """
            select u.site, u.unit, u.state from unnest(@sites, @units) as wanted (site, unit)
            join units u on u.partition = @partition and u.site = wanted.site and u.unit = wanted.unit
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Site, string Unit, byte[] State)>(new CommandDefinition(
            sql, new { partition, sites = keys.Select(k => k.Site).ToArray(), units = keys.Select(k => k.Unit).ToArray() }, cancellationToken: ct));
        return [.. rows.Select(r => UnitCodec.Decode(r.Site, r.Unit, partition, r.State))];
    }

    /// <summary>The site's units with a fact at or after this time, or with something held.</summary>
    public async IAsyncEnumerable<UnitHistory> ReadUnitsAsync(int partition, string site, long sinceMs, [EnumeratorCancellation] CancellationToken ct)
    {
        const string sql = """
            select unit, state from units
            where partition = @partition and site = @site and (last_day >= @since / 86400000 and last_time >= @since or held)
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(sql, db)
        {
            Parameters = { new("partition", partition), new("site", site), new("since", sinceMs) },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) yield return UnitCodec.Decode(site, reader.GetString(0), partition, reader.GetFieldValue<byte[]>(1));
    }

    public async Task<IReadOnlyDictionary<QuarantinedAt, string>> QuarantinedAsync(IReadOnlyList<QuarantinedAt> places, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Topic, int Partition, string LogId, long Offset, string Site)>(
            new CommandDefinition(QuarantineRows.Find, QuarantineRows.Of(places), cancellationToken: ct));
        return rows.ToDictionary(r => new QuarantinedAt(r.Topic, r.Partition, r.LogId, r.Offset), r => r.Site);
    }

    public async Task<IReadOnlyList<UnitHistory>> FindUnitsAsync(int partition, string site, IReadOnlySet<string> digests, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await ErasureRows.FindUnitsAsync(db, partition, site, digests, ct);
    }

    public async Task<IReadOnlyList<QuarantinedAt>> FindQuarantinedAsync(Claim claim, Func<ConsumeResult<byte[], byte[]>, bool> match, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await ErasureRows.FindQuarantinedAsync(db, claim, match, ct);
    }

    /// <summary>Stores a checkpoint in one transaction.</summary>
    /// <returns>The claim at its new offset.</returns>
    /// <exception cref="FencedException">Another process owns the partition now.</exception>
    public async Task<Claim> SaveAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        Interlocked.Increment(ref _saving);
        try
        {
            return await StoreAsync(checkpoint, ct);
        }
        finally
        {
            Interlocked.Decrement(ref _saving);
        }
    }

    private async Task<Claim> StoreAsync(Checkpoint checkpoint, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        var (claim, partition) = (checkpoint.Claim, Lane.Of(checkpoint.Claim));
        await using var db = await source.OpenConnectionAsync(ct);
        KillPoint.Pass(KillPoint.BeforeBegin);
        await using var transaction = await db.BeginTransactionAsync(ct);
        await OffsetLedger.AdvanceAsync(transaction, claim, checkpoint.Next, ct);
        KillPoint.Pass(KillPoint.InTransaction);
        await using var batch = new NpgsqlBatch(db, transaction);
        var units = checkpoint.Units.ToLookup(u => u.History.Facts.Count > 0, u => u.History);
        if (units[true].Any()) batch.BatchCommands.Add(SaveUnits(partition, [.. units[true]]));
        if (units[false].Any()) batch.BatchCommands.Add(ErasureRows.DeleteUnits(partition, [.. units[false]]));
        if (checkpoint.Aggregates.ChangedCells.Count > 0) batch.BatchCommands.Add(SaveCells(partition, checkpoint));
        foreach (var key in checkpoint.Aggregates.ChangedExclusions) batch.BatchCommands.Add(SaveExclusion(partition, key, checkpoint.Aggregates.Exclusions[key]));
        if (checkpoint.Folded.Changed.Count > 0) batch.BatchCommands.Add(SaveFolded(partition, checkpoint.Folded));
        foreach (var (site, balance) in checkpoint.Balance) batch.BatchCommands.Add(SaveBalance(partition, site, balance));
        foreach (var reading in checkpoint.Quarantine) batch.BatchCommands.Add(SaveQuarantined(claim, reading));
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(ct);
        if (checkpoint.Settled.Count > 0) await db.ExecuteAsync(new CommandDefinition(QuarantineRows.Delete, QuarantineRows.Of(checkpoint.Settled), transaction, cancellationToken: ct));
        await ErasureRows.SaveAsync(transaction, partition, checkpoint.Erased, ct);
        KillPoint.Pass(KillPoint.BeforeCommit);
        await transaction.CommitAsync(ct);
        KillPoint.Pass(KillPoint.AfterCommit);
        metrics.Checkpointed(Stopwatch.GetElapsedTime(started));
        return claim with { Next = checkpoint.Next };
    }

    // In the order of their keys: neighbours are on the same pages.
    private static NpgsqlBatchCommand SaveUnits(int partition, UnitHistory[] histories)
    {
        Array.Sort(histories, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return Command(
            """
            insert into units (partition, site, unit, state, last_time, last_day, held)
            select $1, site, unit, state, last_time, last_time / 86400000, held from unnest($2, $3, $4, $5, $6) as u (site, unit, state, last_time, held)
            on conflict (partition, site, unit) do update
            set state = excluded.state, last_time = excluded.last_time, last_day = excluded.last_day, held = excluded.held
            """,
            partition,
            Array.ConvertAll(histories, h => h.Site),
            Array.ConvertAll(histories, h => h.Name),
            Array.ConvertAll(histories, UnitCodec.Encode),
            Array.ConvertAll(histories, h => h.LastTimeMs),
            Array.ConvertAll(histories, h => h.HasHeld));
    }

    private static NpgsqlBatchCommand SaveCells(int partition, Checkpoint checkpoint)
    {
        CellKey[] keys = [.. checkpoint.Aggregates.ChangedCells];
        return Command(
            """
            insert into aggregates (partition, site, experiment, revision, phase, day, variant, cell, changes, units)
            select $1, * from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict (partition, site, experiment, revision, phase, day, variant) do update
            set cell = excluded.cell, changes = excluded.changes, units = excluded.units
            """,
            partition,
            Array.ConvertAll(keys, k => k.Site),
            Array.ConvertAll(keys, k => k.Experiment),
            Array.ConvertAll(keys, k => k.Revision),
            Array.ConvertAll(keys, k => k.Phase),
            Array.ConvertAll(keys, k => k.Day),
            Array.ConvertAll(keys, k => k.Variant),
            Array.ConvertAll(keys, k => CellCodec.Encode(checkpoint.Aggregates.Cells[k])),
            Array.ConvertAll(keys, k => checkpoint.Folded.ChangesOf((k.Site, k.Experiment))),
            Array.ConvertAll(keys, k => checkpoint.Aggregates.Cells[k].Units));
    }

    private static NpgsqlBatchCommand SaveFolded(int partition, FoldedExperiments folded)
    {
        (string Site, string Experiment)[] keys = [.. folded.Changed];
        return Command(
            """
            insert into folded (partition, site, experiment, version, allocations, changes) select $1, * from unnest($2, $3, $4, $5, $6)
            on conflict (partition, site, experiment) do update set version = excluded.version, allocations = excluded.allocations, changes = excluded.changes
            """,
            partition,
            Array.ConvertAll(keys, k => k.Site),
            Array.ConvertAll(keys, k => k.Experiment),
            Array.ConvertAll(keys, k => folded.Find(k.Site, k.Experiment)!.Experiment.Version),
            Array.ConvertAll(keys, k => folded.Find(k.Site, k.Experiment)!.Experiment.Allocations),
            Array.ConvertAll(keys, folded.ChangesOf));
    }

    private static NpgsqlBatchCommand SaveExclusion(int partition, ExclusionKey key, long units) => Command(
        """
        insert into exclusions (partition, site, experiment, class, variant, units) values ($1, $2, $3, $4, $5, $6)
        on conflict (partition, site, experiment, class, variant) do update set units = excluded.units
        """,
        partition, key.Site, key.Experiment, key.Class, key.Variant, units);

    private static NpgsqlBatchCommand SaveBalance(int partition, string site, Balance balance) => Command(
        """
        insert into balance (partition, site, counted, held, quarantined, deduplicated) values ($1, $2, $3, $4, $5, $6)
        on conflict (partition, site) do update set counted = excluded.counted, held = excluded.held,
            quarantined = excluded.quarantined, deduplicated = excluded.deduplicated
        """,
        partition, site, balance.Counted, balance.Held, balance.Quarantined, balance.Deduplicated);

    private static NpgsqlBatchCommand SaveQuarantined(Claim claim, EventReading reading) => Command(
        """
        insert into quarantine (topic, partition, log_id, record_offset, site, reason, record, experiment)
        select $1, $2, log_id, $3, $4, $5, $6, nullif($7, '') from offsets where topic = $1 and partition = $2
        """,
        claim.Topic, claim.Partition, reading.Record.Offset.Value, reading.Site, reading.Quarantine!, reading.Record.Message.Value ?? [], reading.Experiment ?? "");

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}

using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Google.Protobuf;
using Npgsql;
using Experiment = CroPlatform.Experimentation.Experiment;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>An experiment as it is stored: what was asked for, and once it was started, its last published version.</summary>
internal sealed record StoredExperiment(
    string Key, ExperimentRequest Definition, string Status, Experiment? Published, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? StoppedAt);

internal sealed class ExperimentStore(NpgsqlDataSource source)
{
    private const string Columns =
        "key as \"Key\", definition as \"Definition\", status as \"Status\", record as \"Record\", created_at as \"CreatedAt\", "
        + "started_at as \"StartedAt\", stopped_at as \"StoppedAt\"";

    /// <summary>False if the site has an experiment of this key already.</summary>
    public async Task<bool> TryAddAsync(string site, ExperimentRequest draft, DateTimeOffset at, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteAsync(new CommandDefinition(
            """
            insert into experiments (site, key, definition, status, created_at) values (@site, @key, @definition::jsonb, 'draft', @at)
            on conflict (site, key) do nothing
            """,
            new { site, key = draft.Key, definition = JsonSerializer.Serialize(draft, JsonBody.Options), at },
            cancellationToken: ct)) == 1;
    }

    public async Task<IReadOnlyList<StoredExperiment>> ListAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<Row>(new CommandDefinition(
            $"select {Columns} from experiments where site = @site order by created_at, key", new { site }, cancellationToken: ct));
        return [.. rows.Select(r => r.ToStored())];
    }

    /// <param name="query">Filters: status, kind, unit, tag, metric. Sorts: created_at, started_at, key, name, status.</param>
    public async Task<(IReadOnlyList<StoredExperiment> Experiments, long Total)> PageAsync(string site, ListQuery query, CancellationToken ct)
    {
        const string From =
            """
            from experiments where site = @site and (@status::text is null or status = any(string_to_array(@status, ',')))
                and (@kind::text is null or coalesce(definition->>'kind', 'ab') = @kind) and (@unit::text is null or coalesce(definition->>'unit', 'visitor') = @unit)
                and (@tag::text is null or definition->'tags' ? @tag)
                and (@metric::text is null or definition->'metrics' @> jsonb_build_array(jsonb_build_object('key', @metric)))
                and (@search::text is null or strpos(lower(key), lower(@search)) > 0 or strpos(lower(coalesce(definition->>'name', '')), lower(@search)) > 0)
            """;
        var sort = query.Sort == "name" ? "coalesce(definition->>'name', key)" : query.Sort;
        var order = $"{sort} {(query.Descending ? "desc nulls last" : "asc nulls last")}, key";
        var parameters = new
        {
            site,
            status = query.Filter("status"),
            kind = query.Filter("kind"),
            unit = query.Filter("unit"),
            tag = query.Filter("tag"),
            metric = query.Filter("metric"),
            search = query.Search,
            query.Limit,
            query.Offset,
        };
        await using var db = await source.OpenConnectionAsync(ct);
        var total = await db.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) " + From, parameters, cancellationToken: ct));
        var rows = await db.QueryAsync<Row>(new CommandDefinition(
            $"select {Columns} {From} order by {order} limit @Limit offset @Offset", parameters, cancellationToken: ct));
        return ([.. rows.Select(r => r.ToStored())], total);
    }

    public async Task<StoredExperiment?> FindAsync(string site, string key, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var row = await db.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(
            $"select {Columns} from experiments where site = @site and key = @key", new { site, key }, cancellationToken: ct));
        return row?.ToStored();
    }

    /// <summary>
    /// Changes an experiment under its site's lock: the decision sees the state that it changes, and that of its neighbours; the new version
    /// goes to the outbox in the same transaction.
    /// </summary>
    /// <param name="decide">Gives the next version, or null to leave everything as it is.</param>
    /// <returns>The outbox id of the publication; null if nothing was changed or there is no such experiment.</returns>
    public async Task<long?> ChangeAsync(string site, string key, Func<StoredExperiment, Task<Experiment?>> decide, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        await db.ExecuteAsync("select 1 from sites where key = @site for update", new { site }, transaction);
        var row = await db.QuerySingleOrDefaultAsync<Row>(
            $"select {Columns} from experiments where site = @site and key = @key for update", new { site, key }, transaction);
        if (row is null || await decide(row.ToStored()) is not { } next) return null;
        var wire = next.ToWire();
        await db.ExecuteAsync(
            """
            update experiments set status = @status, version = @version, record = @record,
                started_at = coalesce(started_at, @startedAt), stopped_at = @stoppedAt
            where site = @site and key = @key
            """,
            new
            {
                site,
                key,
                status = next.Status.ToString().ToLowerInvariant(),
                version = next.Version,
                record = wire.ToByteArray(),
                startedAt = DateTimeOffset.FromUnixTimeMilliseconds(next.StartedMs),
                stoppedAt = next.StoppedMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(next.StoppedMs) : (DateTimeOffset?)null,
            },
            transaction);
        var published = await Outbox.AppendAsync(transaction,
        [
            new ConfigurationRecord { Experiment = wire },
            new ConfigurationRecord { Current = new CurrentVersion { Site = site, Experiment = key, Version = wire.Version } },
        ]);
        await transaction.CommitAsync(ct);
        return published;
    }

    private sealed record Row
    {
        public required string Key { get; init; }
        public required string Definition { get; init; }
        public required string Status { get; init; }
        public byte[]? Record { get; init; }
        public DateTime CreatedAt { get; init; }
        public DateTime? StartedAt { get; init; }
        public DateTime? StoppedAt { get; init; }

        public StoredExperiment ToStored() => new(
            Key,
            JsonSerializer.Deserialize<ExperimentRequest>(Definition, JsonBody.Options)!,
            Status,
            Record is null ? null : Contracts.Experiments.Experiment.Parser.ParseFrom(Record).ToModel(),
            Utc(CreatedAt),
            StartedAt is { } started ? Utc(started) : null,
            StoppedAt is { } stopped ? Utc(stopped) : null);

        private static DateTimeOffset Utc(DateTime time) => new(time, TimeSpan.Zero);
    }
}

using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Serve;
using Dapper;
using Google.Protobuf;
using Npgsql;
using Experiment = CroPlatform.Experimentation.Experiment;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>An experiment as it is stored: what was asked for, and once it was started, its last published version.</summary>
internal sealed record StoredExperiment(
    string Key, ExperimentRequest Definition, string Status, Experiment? Published, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? StoppedAt)
{
    public Guid Id { get; init; }

    /// <summary>Goes up with every change.</summary>
    public long Revision { get; init; } = 1;

    /// <summary>Goes up with every change of what is measured or who takes part: what an approval is for.</summary>
    public int DefinitionRevision { get; init; } = 1;

    /// <summary>When the state was entered.</summary>
    public DateTimeOffset EnteredAt { get; init; }
    public string? CreatedBy { get; init; }

    /// <summary>Who changed the definition last.</summary>
    public string? EditedBy { get; init; }
    public Plan? Plan { get; init; }
    public ImmutableList<Undoable> Steps { get; init; } = [];

    /// <summary>Strong: another one after every change.</summary>
    public string ETag => $"\"{Revision}\"";

    public ExperimentLife ToLife(DateTimeOffset now) => new()
    {
        CorrelationId = Id,
        Status = Status,
        NowMs = now.ToUnixTimeMilliseconds(),
        EnteredMs = EnteredAt.ToUnixTimeMilliseconds(),
        Version = Published,
        Plan = Plan,
        Steps = Steps,
    };
}

/// <summary>One change in an experiment's life.</summary>
/// <param name="Version">The version that was published by it; 0: none.</param>
internal sealed record HistoryEntry(long Revision, DateTimeOffset At, string Actor, string Command, string Status, int Version, string? Reason);

internal sealed class ExperimentStore(NpgsqlDataSource source)
{
    private const int MostHistory = 200;

    private const string Columns =
        "id as \"Id\", key as \"Key\", definition as \"Definition\", status as \"Status\", record as \"Record\", created_at as \"CreatedAt\", "
        + "started_at as \"StartedAt\", stopped_at as \"StoppedAt\", revision as \"Revision\", definition_revision as \"DefinitionRevision\", "
        + "entered_at as \"EnteredAt\", created_by as \"CreatedBy\", edited_by as \"EditedBy\", plan as \"Plan\", steps as \"Steps\"";

    public async Task<IReadOnlyList<StoredExperiment>> ListAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<ExperimentRow>(new CommandDefinition(
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
        var rows = await db.QueryAsync<ExperimentRow>(new CommandDefinition(
            $"select {Columns} {From} order by {order} limit @Limit offset @Offset", parameters, cancellationToken: ct));
        return ([.. rows.Select(r => r.ToStored())], total);
    }

    public async Task<StoredExperiment?> FindAsync(string site, string key, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var row = await db.QuerySingleOrDefaultAsync<ExperimentRow>(new CommandDefinition(
            $"select {Columns} from experiments where site = @site and key = @key", new { site, key }, cancellationToken: ct));
        return row?.ToStored();
    }

    /// <summary>What the API shows of it.</summary>
    public async Task<ExperimentView> ViewAsync(string site, StoredExperiment stored, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await ExperimentView.WithHistoryAsync(db, site, stored);
    }

    /// <summary>The latest changes, the newest first.</summary>
    public static async Task<IReadOnlyList<HistoryEntry>> HistoryAsync(NpgsqlConnection db, string site, string key)
    {
        var rows = await db.QueryAsync<(long Revision, DateTime At, string Actor, string Command, string Status, int Version, string? Reason)>(
            """
            select revision, at, actor, command, status, version, reason from experiment_history
            where site = @site and experiment = @key order by revision desc limit @MostHistory
            """,
            new { site, key, MostHistory });
        return [.. rows.Select(r => new HistoryEntry(r.Revision, new DateTimeOffset(r.At, TimeSpan.Zero), r.Actor, r.Command, r.Status, r.Version, r.Reason))];
    }

    /// <summary>Every experiment whose plan wants something done by now.</summary>
    public async Task<IReadOnlyList<(string Site, string Key)>> DueAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return (await db.QueryAsync<(string, string)>(new CommandDefinition(
            "select site, key from experiments where due_at <= @now order by due_at limit 1000", new { now }, cancellationToken: ct))).AsList();
    }

    /// <summary>Tries what is due again at a later time.</summary>
    public async Task PostponeAsync(string site, string key, DateTimeOffset until, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            "update experiments set due_at = @until where site = @site and key = @key and due_at is not null", new { site, key, until }, cancellationToken: ct));
    }

    /// <summary>From here to the end of the transaction nobody else changes experiments of the site: what is decided sees its neighbours as they stay.</summary>
    public static Task LockSiteAsync(NpgsqlTransaction transaction, string site) =>
        transaction.Connection!.ExecuteAsync("select 1 from sites where key = @site for no key update", new { site }, transaction);

    public static async Task<StoredExperiment?> FindAsync(NpgsqlTransaction transaction, string site, string key)
    {
        var row = await transaction.Connection!.QuerySingleOrDefaultAsync<ExperimentRow>(
            $"select {Columns} from experiments where site = @site and key = @key for update", new { site, key }, transaction);
        return row?.ToStored();
    }

    /// <returns>Null if the site has an experiment of this key already.</returns>
    public static async Task<StoredExperiment?> TryAddAsync(NpgsqlTransaction transaction, string site, string actor, ExperimentRequest draft, DateTimeOffset at)
    {
        var row = await transaction.Connection!.QuerySingleOrDefaultAsync<ExperimentRow>(
            $"""
            insert into experiments (site, key, definition, status, created_at, entered_at, created_by, edited_by)
            values (@site, @key, @definition::jsonb, 'draft', @at, @at, @actor, @actor) on conflict (site, key) do nothing returning {Columns}
            """,
            new { site, actor, key = draft.Key, definition = JsonSerializer.Serialize(draft, JsonBody.Options), at },
            transaction);
        return row?.ToStored();
    }

    /// <summary>Writes the experiment as it is after a change and, where that published a version, the version to the outbox.</summary>
    /// <returns>The outbox id of the publication; null if there is none.</returns>
    public static async Task<long?> SaveAsync(NpgsqlTransaction transaction, string site, StoredExperiment next, bool isPublished)
    {
        var wire = next.Published?.ToWire();
        await transaction.Connection!.ExecuteAsync(
            """
            update experiments set definition = @definition::jsonb, status = @Status, version = @version, record = @record, started_at = @StartedAt,
                stopped_at = @StoppedAt, revision = @Revision, definition_revision = @DefinitionRevision, entered_at = @EnteredAt, edited_by = @EditedBy,
                plan = @plan::jsonb, due_at = @due, steps = @steps::jsonb
            where site = @site and key = @Key
            """,
            new
            {
                site,
                next.Key,
                definition = JsonSerializer.Serialize(next.Definition, JsonBody.Options),
                next.Status,
                version = next.Published?.Version ?? 0,
                record = wire?.ToByteArray(),
                next.StartedAt,
                next.StoppedAt,
                next.Revision,
                next.DefinitionRevision,
                next.EnteredAt,
                next.EditedBy,
                plan = next.Plan is null ? null : JsonSerializer.Serialize(next.Plan, JsonBody.Options),
                due = Due(next),
                steps = JsonSerializer.Serialize(next.Steps, JsonBody.Options),
            },
            transaction);
        if (!isPublished) return null;
        return await Outbox.AppendAsync(transaction,
        [
            new ConfigurationRecord { Experiment = wire },
            new ConfigurationRecord { Current = new CurrentVersion { Site = site, Experiment = next.Key, Version = wire!.Version } },
        ]);
    }

    public static Task AddHistoryAsync(NpgsqlTransaction transaction, string site, string key, HistoryEntry entry) => transaction.Connection!.ExecuteAsync(
        """
        insert into experiment_history (site, experiment, revision, at, actor, command, status, version, reason)
        values (@site, @key, @Revision, @At, @Actor, @Command, @Status, @Version, @Reason)
        """,
        new { site, key, entry.Revision, entry.At, entry.Actor, entry.Command, entry.Status, entry.Version, entry.Reason },
        transaction);

    private static DateTimeOffset? Due(StoredExperiment experiment) => experiment.Status switch
    {
        "scheduled" => experiment.Plan?.StartAt,
        "running" or "paused" => experiment.Plan?.EndAt,
        _ => null,
    };
}

using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>One definition of a metric. A change makes the next version; what experiments have pinned stays as it was.</summary>
internal sealed record StoredMetric(MetricRequest Definition, int Version, DateTimeOffset CreatedAt);

internal sealed class MetricStore(NpgsqlDataSource source, TimeProvider clock)
{
    /// <summary>Metrics that the site does not have yet; those that it has stay as they are.</summary>
    public async Task AddMissingAsync(string site, string actor, IEnumerable<MetricRequest> metrics, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        foreach (var metric in metrics) await TryAddAsync(transaction, site, actor, metric);
        await transaction.CommitAsync(ct);
    }

    /// <returns>Null if the site has a metric of this key already.</returns>
    public async Task<StoredMetric?> TryAddAsync(NpgsqlTransaction transaction, string site, string actor, MetricRequest metric)
    {
        var now = clock.GetUtcNow();
        var added = await transaction.Connection!.ExecuteAsync(
            """
            insert into metrics (site, key, definition, created_at) values (@site, @key, @definition::jsonb, @now)
            on conflict (site, key) do nothing
            """,
            new { site, key = metric.Key, definition = Json(metric), now },
            transaction);
        if (added == 0) return null;
        await WriteVersionAsync(transaction, site, actor, metric, 1, null);
        return new StoredMetric(metric, 1, now);
    }

    /// <returns>The new version; null if the site has no metric of this key.</returns>
    public async Task<StoredMetric?> TryReplaceAsync(NpgsqlTransaction transaction, string site, string actor, MetricRequest metric)
    {
        var db = transaction.Connection!;
        var rows = await db.QueryAsync<(string, int, DateTime)>(
            "select definition, version, created_at from metrics where site = @site and key = @key for update", new { site, key = metric.Key }, transaction);
        if (rows.Select(Stored).FirstOrDefault() is not { } before) return null;
        var after = new StoredMetric(metric, before.Version + 1, before.CreatedAt);
        await db.ExecuteAsync(
            "update metrics set definition = @definition::jsonb, version = @version where site = @site and key = @key",
            new { site, key = metric.Key, definition = Json(metric), after.Version },
            transaction);
        await WriteVersionAsync(transaction, site, actor, metric, after.Version, before.Definition);
        return after;
    }

    /// <param name="query">Filters: kind, tag, event.</param>
    public async Task<(IReadOnlyList<StoredMetric> Metrics, long Total)> ListAsync(string site, ListQuery query, CancellationToken ct)
    {
        const string From =
            """
            from metrics where site = @site
                and (@kind::text is null or definition->>'kind' = @kind) and (@event::text is null or definition->>'event' = @event)
                and (@tag::text is null or definition->'tags' ? @tag)
                and (@search::text is null or strpos(lower(key), lower(@search)) > 0 or strpos(lower(coalesce(definition->>'name', '')), lower(@search)) > 0)
            """;
        var order = $"{(query.Sort == "name" ? "coalesce(definition->>'name', key)" : query.Sort)} {(query.Descending ? "desc" : "asc")}, key";
        var parameters = new { site, kind = query.Filter("kind"), tag = query.Filter("tag"), @event = query.Filter("event"), search = query.Search, query.Limit, query.Offset };
        await using var db = await source.OpenConnectionAsync(ct);
        var total = await db.ExecuteScalarAsync<long>(new CommandDefinition("select count(*) " + From, parameters, cancellationToken: ct));
        var rows = await db.QueryAsync<(string, int, DateTime)>(new CommandDefinition(
            $"select definition, version, created_at {From} order by {order} limit @Limit offset @Offset", parameters, cancellationToken: ct));
        return ([.. rows.Select(Stored)], total);
    }

    public async Task<StoredMetric?> FindAsync(string site, string key, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string, int, DateTime)>(new CommandDefinition(
            "select definition, version, created_at from metrics where site = @site and key = @key", new { site, key }, cancellationToken: ct));
        return rows.Select(Stored).FirstOrDefault();
    }

    /// <summary>Every version of a metric, the newest first; empty if the site has none of this key.</summary>
    public async Task<IReadOnlyList<StoredMetric>> VersionsAsync(string site, string key, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string, int, DateTime)>(new CommandDefinition(
            "select definition, version, created_at from metric_versions where site = @site and key = @key order by version desc limit 1000",
            new { site, key },
            cancellationToken: ct));
        return [.. rows.Select(Stored)];
    }

    /// <summary>The metrics of these keys, in their order; null where there is none.</summary>
    public async Task<IReadOnlyList<MetricRequest?>> FindAsync(string site, IReadOnlyList<string> keys, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Key, string Definition)>(new CommandDefinition(
            "select key, definition from metrics where site = @site and key = any(@keys)", new { site, keys = keys.ToArray() }, cancellationToken: ct));
        var found = rows.ToDictionary(r => r.Key, r => Parse(r.Definition));
        return [.. keys.Select(found.GetValueOrDefault)];
    }

    private async Task WriteVersionAsync(NpgsqlTransaction transaction, string site, string actor, MetricRequest metric, int version, MetricRequest? before)
    {
        var now = clock.GetUtcNow();
        await transaction.Connection!.ExecuteAsync(
            """
            insert into metric_versions (site, key, version, definition, actor, created_at)
            values (@site, @key, @version, @definition::jsonb, @actor, @now)
            """,
            new { site, key = metric.Key, version, definition = Json(metric), actor, now },
            transaction);
        var action = before is null ? "metric.created" : "metric.changed";
        await AuditLog.AppendAsync(transaction, new AuditEntry(site, actor, action, "metric", metric.Key!, before, metric), now);
    }

    private static string Json(MetricRequest metric) => JsonSerializer.Serialize(metric, JsonBody.Options);

    private static StoredMetric Stored((string Definition, int Version, DateTime CreatedAt) row) =>
        new(Parse(row.Definition), row.Version, new DateTimeOffset(row.CreatedAt, TimeSpan.Zero));

    private static MetricRequest Parse(string json) => JsonSerializer.Deserialize<MetricRequest>(json, JsonBody.Options)!;
}

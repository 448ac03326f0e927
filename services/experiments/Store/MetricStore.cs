using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

internal sealed class MetricStore(NpgsqlDataSource source, TimeProvider clock)
{
    /// <summary>False if the site has a metric of this key already.</summary>
    public async Task<bool> TryAddAsync(string site, MetricRequest metric, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteAsync(new CommandDefinition(
            """
            insert into metrics (site, key, definition, created_at) values (@site, @key, @definition::jsonb, @at)
            on conflict (site, key) do nothing
            """,
            new { site, key = metric.Key, definition = JsonSerializer.Serialize(metric, JsonBody.Options), at = clock.GetUtcNow() },
            cancellationToken: ct)) == 1;
    }

    public async Task<IReadOnlyList<MetricRequest>> ListAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<string>(new CommandDefinition(
            "select definition from metrics where site = @site order by key", new { site }, cancellationToken: ct));
        return [.. rows.Select(Parse)];
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

    private static MetricRequest Parse(string json) => JsonSerializer.Deserialize<MetricRequest>(json, JsonBody.Options)!;
}

using CroPlatform.Redis;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace CroPlatform.Services.Assignment.Store;

/// <summary>Where a unit's variant of an experiment is kept: another bucket version starts afresh.</summary>
internal readonly record struct StickyKey(string Experiment, int BucketVersion);

/// <summary>A unit by its type and id, both of one site.</summary>
internal readonly record struct StickyUnit(string Type, string Id);

/// <summary>The kept variants could not be read or written in time; nothing may be answered that could change later.</summary>
internal sealed class StickyUnavailableException(Exception inner) : Exception("the kept variants cannot be reached", inner);

/// <summary>
/// The variants that units keep. Postgres has them; Redis remembers what was read, and may forget it: what it does not have is looked up
/// in Postgres, so a lost cache changes nobody's variant.
/// </summary>
internal sealed class StickyStore(NpgsqlDataSource source, RedisCache cache, IOptions<AssignmentOptions> options)
{
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(7);

    /// <summary>The variants that a unit has kept, of those asked for.</summary>
    /// <exception cref="StickyUnavailableException" />
    public async Task<IReadOnlyDictionary<StickyKey, string>> FindAsync(string site, StickyUnit unit, IReadOnlyList<StickyKey> keys)
    {
        var found = new Dictionary<StickyKey, string>();
        await cache.TryAsync(async redis =>
        {
            var values = await redis.HashGetAsync(CacheKey(site, unit), [.. keys.Select(k => (RedisValue)Field(k))]);
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i].HasValue) found[keys[i]] = values[i]!;
            }
        });
        var missing = keys.Where(k => !found.ContainsKey(k)).ToList();
        if (missing.Count == 0) return found;
        foreach (var row in await ReadAsync(site, unit, missing))
        {
            found[new StickyKey(row.Experiment, row.BucketVersion)] = row.Variant;
            await RememberAsync(site, unit, new StickyKey(row.Experiment, row.BucketVersion), row.Variant);
        }

        return found;
    }

    /// <summary>Keeps a variant for a unit unless it has one already.</summary>
    /// <returns>What the unit has now: of two that are first at once, one decides for both.</returns>
    /// <exception cref="StickyUnavailableException" />
    public async Task<string> KeepAsync(string site, StickyUnit unit, StickyKey key, string variant)
    {
        // The update changes nothing; it makes the row that was there first come back.
        var kept = await RunAsync((db, ct) => db.QuerySingleAsync<string>(new CommandDefinition(
            """
            insert into sticky as s (site, unit_type, unit, experiment, bucket_version, variant)
            values (@site, @type, @id, @experiment, @bucketVersion, @variant)
            on conflict (site, unit_type, unit, experiment, bucket_version) do update set variant = s.variant
            returning variant
            """,
            new { site, type = unit.Type, id = unit.Id, experiment = key.Experiment, bucketVersion = key.BucketVersion, variant },
            cancellationToken: ct)));
        await RememberAsync(site, unit, key, kept);
        return kept;
    }

    private Task<IEnumerable<Row>> ReadAsync(string site, StickyUnit unit, IReadOnlyList<StickyKey> keys) =>
        RunAsync((db, ct) => db.QueryAsync<Row>(new CommandDefinition(
            """
            select s.experiment as "Experiment", s.bucket_version as "BucketVersion", s.variant as "Variant"
            from sticky s join unnest(@experiments, @versions) as asked (experiment, bucket_version) using (experiment, bucket_version)
            where s.site = @site and s.unit_type = @type and s.unit = @id
            """,
            new
            {
                site,
                type = unit.Type,
                id = unit.Id,
                experiments = keys.Select(k => k.Experiment).ToArray(),
                versions = keys.Select(k => k.BucketVersion).ToArray(),
            },
            cancellationToken: ct)));

    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, CancellationToken, Task<T>> command)
    {
        using var limit = new CancellationTokenSource(options.Value.StickyTimeoutMs);
        try
        {
            await using var db = await source.OpenConnectionAsync(limit.Token);
            return await command(db, limit.Token);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException or TimeoutException)
        {
            throw new StickyUnavailableException(e);
        }
    }

    private Task<bool> RememberAsync(string site, StickyUnit unit, StickyKey key, string variant) => cache.TryAsync(async redis =>
    {
        var name = CacheKey(site, unit);
        await redis.HashSetAsync(name, Field(key), variant);
        await redis.KeyExpireAsync(name, Remembered);
    });

    private static string CacheKey(string site, StickyUnit unit) => $"sticky|{site}|{unit.Type}|{unit.Id}";

    private static string Field(StickyKey key) => $"{key.Experiment}|{key.BucketVersion}";

    private sealed record Row(string Experiment, int BucketVersion, string Variant);
}

using System.Globalization;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Redis;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace CroPlatform.Services.Assignment.Store;

/// <summary>A unit by its type and id, both of one site.</summary>
internal readonly record struct StickyUnit(string Site, string Type, string Id);

/// <summary>The kept variants could not be read or written in time; nothing may be answered that could change later.</summary>
internal sealed class StickyUnavailableException(Exception inner) : Exception("the kept variants cannot be reached", inner);

/// <summary>
/// The variants that units keep, by experiment and bucket version. Postgres has them; Redis remembers what was read of an experiment, and may
/// forget it: what it does not have is looked up in Postgres, so a lost cache changes nobody's variant.
/// </summary>
internal sealed class StickyStore(NpgsqlDataSource source, RedisCache cache, IOptions<AssignmentOptions> options)
{
    private const string Columns = """experiment as "Experiment", bucket_version as "BucketVersion", variant as "Variant", propensity as "Propensity" """;
    private const string OfUnit = $"select {Columns} from sticky where site = @Site and unit_type = @Type and unit = @Id";

    private static readonly TimeSpan Remembered = TimeSpan.FromDays(7);

    /// <summary>Everything that a unit has kept in these experiments.</summary>
    /// <exception cref="StickyUnavailableException" />
    public async Task<IReadOnlyList<StickyBucket>> FindAsync(StickyUnit unit, IReadOnlyList<string> experiments)
    {
        var found = new List<StickyBucket>();
        var missing = experiments;
        await cache.TryAsync(async redis =>
        {
            var values = await redis.HashGetAsync(CacheKey(unit), [.. experiments.Select(e => (RedisValue)e)]);
            missing = [.. experiments.Where((_, i) => !values[i].HasValue)];
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i].HasValue) found.AddRange(StickyText.Read(experiments[i], values[i]!));
            }
        });
        if (missing.Count == 0) return found;
        foreach (var experiment in (await ReadAsync(unit, missing)).GroupBy(b => b.Experiment))
        {
            found.AddRange(experiment);
            await cache.TryAsync(async redis =>
            {
                await redis.HashSetAsync(CacheKey(unit), experiment.Key, StickyText.Write(experiment));
                await redis.KeyExpireAsync(CacheKey(unit), Remembered);
            });
        }

        return found;
    }

    /// <summary>Everything that a unit has kept.</summary>
    /// <exception cref="StickyUnavailableException" />
    public async Task<IReadOnlyList<StickyBucket>> AllAsync(StickyUnit unit) =>
        [.. await RunAsync((db, ct) => db.QueryAsync<StickyBucket>(new CommandDefinition(OfUnit, new { unit.Site, unit.Type, unit.Id }, cancellationToken: ct)))];

    /// <summary>Keeps a variant for a unit unless it has one already.</summary>
    /// <returns>What the unit has now: of two that are first at once, one decides for both.</returns>
    /// <exception cref="StickyUnavailableException" />
    public async Task<StickyBucket> KeepAsync(StickyUnit unit, StickyBucket bucket)
    {
        // The update changes nothing; it makes the row that was there first come back.
        var kept = await RunAsync((db, ct) => db.QuerySingleAsync<StickyBucket>(new CommandDefinition(
            $"""
            insert into sticky as s (site, unit_type, unit, experiment, bucket_version, variant, propensity)
            values (@site, @type, @id, @experiment, @bucketVersion, @variant, @propensity)
            on conflict (site, unit_type, unit, experiment, bucket_version) do update set variant = s.variant
            returning {Columns}
            """,
            new
            {
                site = unit.Site,
                type = unit.Type,
                id = unit.Id,
                experiment = bucket.Experiment,
                bucketVersion = bucket.BucketVersion,
                variant = bucket.Variant,
                propensity = bucket.Propensity,
            },
            cancellationToken: ct)));
        // Read again next time, with the versions that other processes have kept.
        await cache.TryAsync(redis => redis.HashDeleteAsync(CacheKey(unit), bucket.Experiment));
        return kept;
    }

    private Task<IEnumerable<StickyBucket>> ReadAsync(StickyUnit unit, IReadOnlyList<string> experiments) =>
        RunAsync((db, ct) => db.QueryAsync<StickyBucket>(new CommandDefinition(
            OfUnit + " and experiment = any(@experiments)",
            new { unit.Site, unit.Type, unit.Id, experiments = experiments.ToArray() },
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

    public static string CacheKey(StickyUnit unit) => $"sticky|{unit.Site}|{unit.Type}|{unit.Id}";
}

/// <summary>What Redis keeps of one experiment: version, variant and propensity of each bucket, as <c>0:treatment:0.5,1:control:0.5</c>. Keys hold neither mark.</summary>
internal static class StickyText
{
    public static string Write(IEnumerable<StickyBucket> buckets) => string.Join(
        ',', buckets.Select(b => string.Create(CultureInfo.InvariantCulture, $"{b.BucketVersion}:{b.Variant}:{b.Propensity}")));

    public static IEnumerable<StickyBucket> Read(string experiment, string text) => text.Split(',').Select(part => part.Split(':')).Select(part => new StickyBucket(
        experiment,
        int.Parse(part[0], CultureInfo.InvariantCulture),
        part[1],
        part[2].Length == 0 ? null : double.Parse(part[2], CultureInfo.InvariantCulture)));
}

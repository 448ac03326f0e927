using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using CroPlatform.Redis;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Assignment.Store;

/// <summary>Forgets the kept variants of people who are to be forgotten, once for each erasure, by whichever instance comes first.</summary>
internal sealed partial class StickyErasure(NpgsqlDataSource source, RedisCache cache, CatalogReader catalog, TimeProvider clock, ILogger<StickyErasure> logger)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _carriedOut = [];

    /// <summary>How many kept variants an erasure took; null while it is not carried out.</summary>
    public async Task<int?> CarriedOutAsync(string site, string id, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<int?>(new CommandDefinition(
            "select assignments from erased where site = @site and erasure = @id", new { site, id }, cancellationToken: ct));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                foreach (var erasure in catalog.Current.AllErasures.Where(e => !_carriedOut.Contains(e.Id)).ToList())
                {
                    await EraseAsync(erasure, stoppingToken);
                    _carriedOut.Add(erasure.Id);
                }
            }
            catch (NpgsqlException e)
            {
                LogAway(e.Message);
            }

            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task EraseAsync(Erasure erasure, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        var first = await db.ExecuteAsync(new CommandDefinition(
            "insert into erased (site, erasure, assignments) values (@Site, @Id, 0) on conflict do nothing", new { erasure.Site, erasure.Id }, transaction, cancellationToken: ct));
        if (first == 0) return;

        // No index: an erasure is rare, an index on digests would cost every new assignment.
        var gone = (await db.QueryAsync<(string Type, string Id)>(new CommandDefinition(
            """
            delete from sticky where site = @Site and encode(sha256(convert_to(site || '|' || unit_type || '|' || unit, 'UTF8')), 'hex') = any(@digests)
                and assigned_at <= @at
            returning unit_type, unit
            """,
            new { erasure.Site, digests = erasure.Units.Select(u => u.Digest).ToArray(), at = DateTimeOffset.FromUnixTimeMilliseconds(erasure.AtMs) },
            transaction,
            cancellationToken: ct))).Select(u => new StickyUnit(erasure.Site, u.Type, u.Id)).Distinct().ToList();
        await db.ExecuteAsync(new CommandDefinition(
            "update erased set assignments = @Count where site = @Site and erasure = @Id", new { gone.Count, erasure.Site, erasure.Id }, transaction, cancellationToken: ct));
        // Before, so that a crash leaves nothing behind; after, since a reader may have put it there again meanwhile.
        await ForgetAsync(gone);
        await transaction.CommitAsync(ct);
        await ForgetAsync(gone);
    }

    private async Task ForgetAsync(List<StickyUnit> units)
    {
        foreach (var unit in units) await cache.TryAsync(redis => redis.KeyDeleteAsync(StickyStore.CacheKey(unit)));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "erasures wait until Postgres is back: {Reason}")]
    private partial void LogAway(string reason);
}

using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Experiments.Store.People;
using Dapper;
using Npgsql;
using ApiKey = CroPlatform.Experimentation.Configuration.ApiKey;
using Site = CroPlatform.Experimentation.Configuration.Site;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>
/// Sites and who may call, read from the tables: the control plane does not wait for its own publications. Each change here is read at once,
/// another instance's within a second.
/// </summary>
internal sealed partial class SiteDirectory(NpgsqlDataSource source, TimeProvider clock, ILogger<SiteDirectory> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _loading = new(1);
    private volatile Catalog _catalog = Catalog.Empty;
    private long _version = -1;

    public Catalog Catalog => _catalog;

    public bool IsLoaded { get; private set; }

    public string TimeZoneOf(string site) => Catalog.Sites.FirstOrDefault(s => s.Key == site)?.TimeZone ?? "UTC";

    public async Task LoadAsync(CancellationToken ct)
    {
        await _loading.WaitAsync(ct);
        try
        {
            await using var db = await source.OpenConnectionAsync(ct);
            // Before the rest: what changes meanwhile is read again.
            var version = await VersionAsync(db);
            var catalog = Catalog.Empty;
            var keys = (await KeysAsync(db, null, clock.GetUtcNow())).ToLookup(k => k.Site, k => k.Key);
            foreach (var (key, zone) in await db.QueryAsync<(string, string)>("select key, time_zone from sites"))
            {
                catalog = catalog.With(new Site(key, zone, [.. keys[key]]));
            }

            foreach (var key in await SigningKeyStore.PublicAsync(db, clock.GetUtcNow())) catalog = catalog.With(key);
            foreach (var (user, generation) in await db.QueryAsync<(string, int)>("select id, token_generation from users where token_generation > 0"))
            {
                catalog = catalog.WithTokenGeneration(user, generation);
            }

            (_catalog, _version, IsLoaded) = (catalog, version, true);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>The site as it is to be published, within the transaction that changed it.</summary>
    public async Task<Site> ReadAsync(NpgsqlTransaction transaction, string site)
    {
        var db = transaction.Connection!;
        var zone = await db.QuerySingleAsync<string>("select time_zone from sites where key = @site", new { site }, transaction);
        return new Site(site, zone, [.. (await KeysAsync(db, site, clock.GetUtcNow())).Select(k => k.Key)]);
    }

    public override void Dispose()
    {
        _loading.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var db = await source.OpenConnectionAsync(stoppingToken);
                if (await VersionAsync(db) != _version) await LoadAsync(stoppingToken);
            }
            catch (NpgsqlException e)
            {
                LogStale(e.Message);
            }
        }
    }

    private static Task<long> VersionAsync(NpgsqlConnection db) => db.QuerySingleAsync<long>("select version from access_version");

    /// <summary>The secrets that open anything now or later, of one site or of all.</summary>
    private static async Task<IEnumerable<(string Site, ApiKey Key)>> KeysAsync(NpgsqlConnection db, string? site, DateTimeOffset now)
    {
        const string sql = """
            select s.sha256, s.site, s.key_id, k.role, k.origins, least(s.expires_at, k.expires_at) as expires_at
            from key_secrets s join api_keys k on k.site = s.site and k.id = s.key_id
            where k.revoked_at is null and (@site::text is null or s.site = @site)
                and coalesce(least(s.expires_at, k.expires_at) > @now, true)
            order by s.sha256
            """;
        var rows = await db.QueryAsync<SecretRow>(sql, new { site, now });
        return rows.Select(r => (r.Site, new ApiKey(KeyHash.From(r.Sha256), (KeyRole)r.Role, r.Key_Id, Milliseconds(r.Expires_At)) { Origins = [.. r.Origins] }));
    }

    private static long Milliseconds(DateTime? at) => at is { } time ? new DateTimeOffset(time, TimeSpan.Zero).ToUnixTimeMilliseconds() : 0;

    // Properties, since Dapper passes no arrays to constructors.
    private sealed record SecretRow
    {
        public required byte[] Sha256 { get; init; }
        public required string Site { get; init; }
        public required string Key_Id { get; init; }
        public required short Role { get; init; }
        public required string[] Origins { get; init; }
        public DateTime? Expires_At { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "sites and keys may be stale: {Reason}")]
    private partial void LogStale(string reason);
}

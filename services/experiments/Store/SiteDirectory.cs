using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Experiments.Publish;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using Site = CroPlatform.Experimentation.Configuration.Site;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>The site that an installation starts with. Without a name none is made.</summary>
public sealed record BootstrapOptions
{
    public const string Section = "Bootstrap";

    public string Site { get; init; } = "";
    public string TimeZone { get; init; } = "UTC";
    public string WriteKey { get; init; } = "";
    public string ServerKey { get; init; } = "";
    public string AdminKey { get; init; } = "";
}

/// <summary>Sites and the hashes of their keys.</summary>
internal sealed class SiteDirectory(NpgsqlDataSource source, IOptions<BootstrapOptions> bootstrap)
{
    private volatile Catalog _catalog = Catalog.Empty;

    public Catalog Catalog => _catalog;

    public bool IsLoaded { get; private set; }

    public string TimeZoneOf(string site) => Catalog.Sites.FirstOrDefault(s => s.Key == site)?.TimeZone ?? "UTC";

    public async Task LoadAsync(CancellationToken ct)
    {
        if (bootstrap.Value.Site.Length > 0) await BootstrapAsync(bootstrap.Value, ct);
        await using var db = await source.OpenConnectionAsync(ct);
        var catalog = Catalog.Empty;
        foreach (var (key, zone) in await db.QueryAsync<(string, string)>("select key, time_zone from sites"))
        {
            catalog = catalog.With(new Site(key, zone, [.. await KeysAsync(db, key)]));
        }

        _catalog = catalog;
        IsLoaded = true;
    }

    private async Task BootstrapAsync(BootstrapOptions options, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        var before = (await KeysAsync(db, options.Site)).ToHashSet();
        await db.ExecuteAsync(
            "insert into sites (key, time_zone) values (@Site, @TimeZone) on conflict (key) do nothing", new { options.Site, options.TimeZone }, transaction);
        (string Key, KeyRole Role)[] keys = [(options.WriteKey, KeyRole.Write), (options.ServerKey, KeyRole.Server), (options.AdminKey, KeyRole.Admin)];
        foreach (var (key, role) in keys.Where(k => k.Key.Length > 0))
        {
            await db.ExecuteAsync(
                "insert into api_keys (sha256, site, role, name) values (@sha256, @site, @role, 'bootstrap') on conflict (sha256) do nothing",
                new { sha256 = KeyHash.Of(key).ToBytes(), site = options.Site, role = (short)role },
                transaction);
        }

        var after = await KeysAsync(db, options.Site);
        if (!before.SetEquals(after))
        {
            await Outbox.AppendAsync(transaction, [new ConfigurationRecord { Site = new Site(options.Site, options.TimeZone, [.. after]).ToWire() }]);
        }

        await transaction.CommitAsync(ct);
    }

    private static async Task<IReadOnlyList<Experimentation.Configuration.ApiKey>> KeysAsync(NpgsqlConnection db, string site)
    {
        var rows = await db.QueryAsync<(byte[] Sha256, short Role)>("select sha256, role from api_keys where site = @site order by sha256", new { site });
        return [.. rows.Select(r => new Experimentation.Configuration.ApiKey(KeyHash.From(r.Sha256), (KeyRole)r.Role))];
    }
}

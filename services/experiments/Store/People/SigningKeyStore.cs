using System.Security.Cryptography;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using SigningKey = CroPlatform.Experimentation.Configuration.SigningKey;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>
/// The keys that access tokens are signed with. A new one is made before the old one is spent, is published, and signs only after all services
/// had time to read it; the old one is good for as long as its tokens may be.
/// </summary>
internal sealed class SigningKeyStore(NpgsqlDataSource source, AccessWriter writer, SiteDirectory directory, TimeProvider clock, IOptions<SessionOptions> options)
{
    private static readonly TimeSpan Rotation = TimeSpan.FromDays(30);
    private static readonly TimeSpan Overlap = TimeSpan.FromDays(1);
    private static readonly TimeSpan Spreading = TimeSpan.FromMinutes(1);
    private static readonly PbeParameters Encryption = new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 100_000);

    private Loaded? _current;

    /// <summary>The key to sign with now, with its id.</summary>
    public async Task<(string Id, ECDsa Key)> CurrentAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (_current is not { } current || now >= current.Until)
        {
            _current = current = await LoadAsync(now, ct);
        }

        return (current.Id, current.Key);
    }

    /// <summary>The public keys whose tokens may still be good.</summary>
    public static async Task<IEnumerable<SigningKey>> PublicAsync(NpgsqlConnection db, DateTimeOffset now)
    {
        var rows = await db.QueryAsync<KeyRow>("select id, private_key, x, y, created_at, expires_at from signing_keys where expires_at > @now", new { now });
        return rows.Select(r => new SigningKey(r.Id, r.X, r.Y, new DateTimeOffset(r.Expires_At, TimeSpan.Zero).ToUnixTimeMilliseconds()));
    }

    private async Task<Loaded> LoadAsync(DateTimeOffset now, CancellationToken ct)
    {
        var keys = await ReadAsync(now, ct);
        if (keys.Count == 0 || keys[0].Created_At + Rotation <= now.UtcDateTime)
        {
            await AddAsync(now, ct);
            keys = await ReadAsync(now, ct);
        }

        // The newest that everybody has had time to read; the very first has nobody before it.
        var row = keys.FirstOrDefault(k => k.Created_At + Spreading <= now.UtcDateTime) ?? keys[^1];
        var key = ECDsa.Create();
        key.ImportEncryptedPkcs8PrivateKey(options.Value.SigningKeyPassphrase, row.Private_Key, out _);
        var until = row == keys[0] ? new DateTimeOffset(row.Created_At + Rotation, TimeSpan.Zero) : now + Spreading;
        return new Loaded(row.Id, key, until);
    }

    private async Task<List<KeyRow>> ReadAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        // Not those that a token could outlive.
        return (await db.QueryAsync<KeyRow>(new CommandDefinition(
            "select id, private_key, x, y, created_at, expires_at from signing_keys where expires_at > @until order by created_at desc",
            new { until = now + options.Value.AccessToken },
            cancellationToken: ct))).AsList();
    }

    private async Task AddAsync(DateTimeOffset now, CancellationToken ct)
    {
        await writer.WriteAsync((transaction, news) => AddAsync(transaction, news, now), ct);

        // Another instance may have made it.
        await directory.LoadAsync(ct);
    }

    private async Task<bool> AddAsync(NpgsqlTransaction transaction, AccessNews news, DateTimeOffset now)
    {
        var db = transaction.Connection!;
        // One instance makes it; the others find it made.
        await db.ExecuteAsync("select 1 from access_version for update", transaction: transaction);
        var isFresh = await db.QuerySingleAsync<bool>(
            "select exists (select 1 from signing_keys where created_at > @since)", new { since = now - Rotation }, transaction);
        if (isFresh) return false;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var made = new SigningKey(Guid.CreateVersion7().ToString("N"), point.X!, point.Y!, (now + Rotation + Overlap).ToUnixTimeMilliseconds());
        await db.ExecuteAsync("delete from signing_keys where expires_at <= @now", new { now }, transaction);
        await db.ExecuteAsync(
            """
            insert into signing_keys (id, private_key, x, y, created_at, expires_at) values (@Id, @secret, @x, @y, @now, @expires)
            """,
            new
            {
                made.Id,
                secret = key.ExportEncryptedPkcs8PrivateKey(options.Value.SigningKeyPassphrase, Encryption),
                x = point.X,
                y = point.Y,
                now,
                expires = now + Rotation + Overlap,
            },
            transaction);
        news.Records.Add(new ConfigurationRecord { SigningKey = made.ToWire() });
        return true;
    }

    private sealed record Loaded(string Id, ECDsa Key, DateTimeOffset Until);

    private sealed record KeyRow(string Id, byte[] Private_Key, byte[] X, byte[] Y, DateTime Created_At, DateTime Expires_At);
}

using System.Buffers.Text;
using System.Security.Cryptography;
using CroPlatform.Experimentation.Configuration;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>A key without its secret.</summary>
internal sealed record KeyRow
{
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required short Role { get; init; }
    public required string[] Origins { get; init; }
    public DateTime? Expires_At { get; init; }
    public required DateTime Created_At { get; init; }
    public required string Created_By { get; init; }
    public DateTime? Last_Used_At { get; init; }
    public DateTime? Old_Secret_Until { get; init; }

    public static string NameOf(KeyRole role) => role.ToString().ToLowerInvariant();
}

internal sealed record NewKey(string Name, KeyRole Role, string[] Origins, DateTimeOffset? ExpiresAt);

/// <summary>API keys. Secrets are told once and kept as hashes.</summary>
internal sealed class KeyStore(NpgsqlDataSource source, AccessWriter writer, TimeProvider clock)
{
    public async Task<IReadOnlyList<KeyRow>> ListAsync(string site, CancellationToken ct)
    {
        const string sql = """
            select k.id, k.name, k.role, k.origins, k.expires_at, k.created_at, k.created_by, k.last_used_at,
                (select max(s.expires_at) from key_secrets s where s.site = k.site and s.key_id = k.id and s.expires_at > @now) as old_secret_until
            from api_keys k where k.site = @site and k.revoked_at is null order by k.created_at, k.id
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        return [.. await db.QueryAsync<KeyRow>(new CommandDefinition(sql, new { site, now = clock.GetUtcNow() }, cancellationToken: ct))];
    }

    /// <returns>The key's id and its secret.</returns>
    public async Task<(string Id, string Secret)> CreateAsync(string site, NewKey key, string actor, CancellationToken ct) =>
        (await writer.WriteAsync((transaction, news) => CreateAsync(transaction, news, site, key, actor), ct)).Result;

    public async Task<(string Id, string Secret)> CreateAsync(NpgsqlTransaction transaction, AccessNews news, string site, NewKey key, string actor)
    {
        const string sql = """
            insert into api_keys (site, id, name, role, origins, expires_at, created_at, created_by)
            values (@site, @id, @Name, @role, @Origins, @ExpiresAt, @now, @actor) on conflict do nothing
            """;
        string secret, id;
        do
        {
            secret = NewSecret(key.Role);
            id = KeyHash.Of(secret).ShortName;
        }
        while (await transaction.Connection!.ExecuteAsync(
            sql, new { site, id, key.Name, role = (short)key.Role, key.Origins, key.ExpiresAt, now = clock.GetUtcNow(), actor }, transaction) == 0);
        await AddSecretAsync(transaction, site, id, secret);
        news.Sites.Add(site);
        var after = new { name = key.Name, role = KeyRow.NameOf(key.Role), origins = key.Origins, expires_at = key.ExpiresAt };
        news.Audit.Add(new AuditEntry(site, actor, "key.created", "key", id, After: after));
        return (id, secret);
    }

    /// <summary>Gives the key a new secret; the old ones are good for this long.</summary>
    /// <returns>The new secret; null if there is no such key.</returns>
    public async Task<string?> RotateAsync(string site, string id, TimeSpan overlap, string actor, CancellationToken ct) =>
        (await writer.WriteAsync(
            async (transaction, news) =>
            {
                var db = transaction.Connection!;
                var role = await db.QuerySingleOrDefaultAsync<short?>(
                    "select role from api_keys where site = @site and id = @id and revoked_at is null for update", new { site, id }, transaction);
                if (role is null) return null;
                await db.ExecuteAsync(
                    "update key_secrets set expires_at = least(expires_at, @until) where site = @site and key_id = @id",
                    new { site, id, until = clock.GetUtcNow() + overlap },
                    transaction);
                var secret = NewSecret((KeyRole)role);
                await AddSecretAsync(transaction, site, id, secret);
                news.Sites.Add(site);
                news.Audit.Add(new AuditEntry(site, actor, "key.rotated", "key", id, After: new { overlap_seconds = overlap.TotalSeconds }));
                return secret;
            },
            ct)).Result;

    /// <returns>Null if there is no such key; else whether the other services know already.</returns>
    public async Task<bool?> RevokeAsync(string site, string id, string actor, CancellationToken ct)
    {
        var (found, isPublished) = await writer.WriteAsync(
            async (transaction, news) =>
            {
                // The row stays: the audit log names the key, and a configured key must not come back at the next start.
                var rows = await transaction.Connection!.ExecuteAsync(
                    "update api_keys set revoked_at = @now where site = @site and id = @id and revoked_at is null", new { site, id, now = clock.GetUtcNow() }, transaction);
                if (rows == 0) return false;
                news.Sites.Add(site);
                news.Audit.Add(new AuditEntry(site, actor, "key.revoked", "key", id));
                return true;
            },
            ct);
        return found ? isPublished : null;
    }

    /// <summary>Makes sure that a configured key is there, unless it was revoked or rotated.</summary>
    public async Task EnsureAsync(NpgsqlTransaction transaction, AccessNews news, string site, string secret, KeyRole role)
    {
        var id = KeyHash.Of(secret).ShortName;
        var added = await transaction.Connection!.ExecuteAsync(
            """
            insert into api_keys (site, id, name, role, created_at, created_by) values (@site, @id, 'bootstrap', @role, @now, 'bootstrap') on conflict do nothing
            """,
            new { site, id, role = (short)role, now = clock.GetUtcNow() },
            transaction);
        if (added == 0) return;
        await AddSecretAsync(transaction, site, id, secret);
        news.Sites.Add(site);
    }

    /// <param name="uses">The key's site and id, and when it was last used.</param>
    public async Task NoteUseAsync(IReadOnlyList<(string Site, string Id, DateTimeOffset At)> uses, CancellationToken ct)
    {
        if (uses.Count == 0) return;
        // Locked in one order: several instances write the same rows.
        const string sql = """
            with news as (
                select k.site, k.id, max(u.at) as at from unnest(@sites, @ids, @times) as u (site, id, at)
                join api_keys k on k.site = u.site and k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)
                group by k.site, k.id
            ), locked as (
                select k.site, k.id, n.at from api_keys k join news n on n.site = k.site and n.id = k.id order by k.site, k.id for update of k
            )
            update api_keys k set last_used_at = greatest(k.last_used_at, l.at) from locked l where k.site = l.site and k.id = l.id
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            sql,
            new { sites = uses.Select(u => u.Site).ToArray(), ids = uses.Select(u => u.Id).ToArray(), times = uses.Select(u => u.At.UtcDateTime).ToArray() },
            cancellationToken: ct));
    }

    private static Task<int> AddSecretAsync(NpgsqlTransaction transaction, string site, string id, string secret) => transaction.Connection!.ExecuteAsync(
        "insert into key_secrets (sha256, site, key_id) values (@sha256, @site, @id)", new { sha256 = KeyHash.Of(secret).ToBytes(), site, id }, transaction);

    private static string NewSecret(KeyRole role) =>
        role switch { KeyRole.Write => "wk_", KeyRole.Server => "sk_", _ => "ak_" } + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}

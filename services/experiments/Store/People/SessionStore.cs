using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>An open session: who, where, and until when.</summary>
internal sealed record SessionRow(string Id, string Site, DateTime Expires_At, string User_Id, string Email, string Name, bool Is_Operator, int Token_Generation, short Role);

/// <summary>Sessions of signed-in people. The cookie's 256 random bits are kept as their hash only.</summary>
internal sealed class SessionStore(NpgsqlDataSource source, AccessWriter writer, TimeProvider clock, IOptions<SessionOptions> options)
{
    /// <returns>What the cookie is to say.</returns>
    public async Task<(string Cookie, SessionRow Session)> OpenAsync(string user, string site, CancellationToken ct)
    {
        var (cookie, now) = (Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)), clock.GetUtcNow());
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            """
            delete from sessions where expires_at <= @now;
            insert into sessions (hash, id, user_id, site, created_at, last_used_at, expires_at) values (@hash, @id, @user, @site, @now, @now, @expires)
            """,
            new { hash = HashOf(cookie), id = Guid.CreateVersion7().ToString("N"), user, site, now, expires = now + options.Value.Lifetime },
            cancellationToken: ct));
        return (cookie, (await FindAsync(cookie, ct))!);
    }

    /// <summary>Null if there is no such session, it is over, was left alone for too long, or its user is no member of the site any more.</summary>
    public async Task<SessionRow?> FindAsync(string cookie, CancellationToken ct)
    {
        const string sql = """
            select s.id, s.site, s.expires_at, s.user_id, u.email, u.name, u.is_operator, u.token_generation, m.role
            from sessions s join users u on u.id = s.user_id join memberships m on m.user_id = s.user_id and m.site = s.site
            where s.hash = @hash and s.expires_at > @now and s.last_used_at > @idle
            """;
        var now = clock.GetUtcNow();
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<SessionRow>(new CommandDefinition(
            sql, new { hash = HashOf(cookie), now, idle = now - options.Value.Idle }, cancellationToken: ct));
    }

    /// <summary>Notes that the session is in use, and moves it to another of the user's sites if one is named.</summary>
    /// <returns>False if the user is no member of that site.</returns>
    public async Task<bool> TouchAsync(SessionRow session, string? site, CancellationToken ct)
    {
        const string sql = """
            update sessions set last_used_at = @now, site = @site
            where id = @Id and exists (select 1 from memberships where user_id = @User_Id and site = @site)
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.ExecuteAsync(new CommandDefinition(
            sql, new { now = clock.GetUtcNow(), site = site ?? session.Site, session.Id, session.User_Id }, cancellationToken: ct)) == 1;
    }

    /// <summary>Ends the session and voids the access tokens that its user has; his other sessions fetch new ones.</summary>
    public Task EndAsync(SessionRow session, CancellationToken ct) => writer.WriteAsync(
        async (transaction, news) =>
        {
            await transaction.Connection!.ExecuteAsync("delete from sessions where id = @Id", new { session.Id }, transaction);
            await UserStore.VoidTokensAsync(transaction, news, session.User_Id);
            return true;
        },
        ct);

    private static byte[] HashOf(string cookie) => SHA256.HashData(Encoding.UTF8.GetBytes(cookie));
}

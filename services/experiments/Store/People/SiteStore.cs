using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

internal sealed record SiteRow(string Key, string TimeZone);

internal sealed class SiteStore(NpgsqlDataSource source, AccessWriter writer, KeyStore keys, TimeProvider clock)
{
    /// <summary>All sites for an operator; else those that the caller belongs to.</summary>
    public async Task<IReadOnlyList<SiteRow>> ListAsync(KeyGrant caller, bool isOperator, CancellationToken ct)
    {
        const string sql = """
            select key, time_zone from sites
            where @isOperator or key = @site or key in (select site from memberships where user_id = @user) order by key
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Key, string Zone)>(new CommandDefinition(
            sql, new { isOperator, site = caller.Site, user = (caller as PersonGrant)?.User }, cancellationToken: ct));
        return [.. rows.Select(r => new SiteRow(r.Key, r.Zone))];
    }

    /// <summary>Makes a site with a first admin key; a person who makes it becomes its first admin.</summary>
    /// <returns>The key; null if there is a site of this name.</returns>
    public async Task<(string Id, string Secret)?> CreateAsync(string site, string timeZone, KeyGrant caller, CancellationToken ct) =>
        (await writer.WriteAsync<(string, string)?>(
            async (transaction, news) =>
            {
                var db = transaction.Connection!;
                if (await db.ExecuteAsync("insert into sites (key, time_zone) values (@site, @timeZone) on conflict do nothing", new { site, timeZone }, transaction) == 0)
                {
                    return null;
                }

                if (caller is PersonGrant person)
                {
                    await db.ExecuteAsync(
                        "insert into memberships (site, user_id, role, created_at) values (@site, @User, @role, @now)",
                        new { site, person.User, role = (short)PersonRole.Admin, now = clock.GetUtcNow() },
                        transaction);
                }

                news.Audit.Add(new AuditEntry(site, caller.Actor, "site.created", "site", site, After: new { time_zone = timeZone }));
                return await keys.CreateAsync(transaction, news, site, new NewKey("first", KeyRole.Admin, [], null), caller.Actor);
            },
            ct)).Result;

    /// <summary>False if there is no such site.</summary>
    public async Task<bool> SetTimeZoneAsync(string site, string timeZone, string actor, CancellationToken ct) =>
        (await writer.WriteAsync(
            async (transaction, news) =>
            {
                var db = transaction.Connection!;
                var before = await db.QuerySingleOrDefaultAsync<string>("select time_zone from sites where key = @site for no key update", new { site }, transaction);
                if (before is null || before == timeZone) return before is not null;
                await db.ExecuteAsync("update sites set time_zone = @timeZone where key = @site", new { site, timeZone }, transaction);
                news.Sites.Add(site);
                news.Audit.Add(new AuditEntry(site, actor, "site.changed", "site", site, new { time_zone = before }, new { time_zone = timeZone }));
                return true;
            },
            ct)).Result;
}

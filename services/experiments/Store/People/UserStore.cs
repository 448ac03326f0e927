using CroPlatform.Contracts.Experiments;
using CroPlatform.ServiceDefaults.Keys;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>A user as one site sees him.</summary>
internal sealed record MemberRow(string Id, string Email, string Name, short Role, bool Is_Operator, bool Has_Password, DateTime Created_At, DateTime? Signed_In_At)
{
    public PersonRole PersonRole => (PersonRole)Role;
}

/// <summary>A user with what signing in needs.</summary>
internal sealed record AccountRow(string Id, string Email, string Name, string? Password_Hash, bool Is_Operator, int Token_Generation);

internal sealed record NewUser(string Email, string Name, PersonRole Role, string? PasswordHash, bool IsOperator = false);

/// <summary>What is to change; null: stays.</summary>
internal sealed record UserChange(string? Name, PersonRole? Role, string? PasswordHash, bool? IsOperator);

internal enum UserOutcome
{
    Done,
    NotFound,
    Conflict,
    LastAdmin,
    NotYours,
}

/// <summary>People and their roles in sites. Whoever loses a right loses the access tokens that tell of it.</summary>
internal sealed class UserStore(NpgsqlDataSource source, AccessWriter writer, TimeProvider clock)
{
    private const string Members = """
        select u.id, u.email, u.name, m.role, u.is_operator, u.password_hash is not null as has_password, m.created_at,
            (select max(s.created_at) from sessions s where s.user_id = u.id and s.site = m.site) as signed_in_at
        from memberships m join users u on u.id = m.user_id
        """;

    private const string Account = "select id, email, name, password_hash, is_operator, token_generation from users";

    public async Task<IReadOnlyList<MemberRow>> ListAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return [.. await db.QueryAsync<MemberRow>(new CommandDefinition(Members + " where m.site = @site order by u.email_key", new { site }, cancellationToken: ct))];
    }

    public async Task<MemberRow?> FindAsync(string site, string id, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<MemberRow>(new CommandDefinition(
            Members + " where m.site = @site and u.id = @id", new { site, id }, cancellationToken: ct));
    }

    public async Task<AccountRow?> FindByEmailAsync(string email, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<AccountRow>(new CommandDefinition(
            Account + " where email_key = @key", new { key = KeyOf(email) }, cancellationToken: ct));
    }

    public async Task<AccountRow?> FindAccountAsync(string id, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<AccountRow>(new CommandDefinition(Account + " where id = @id", new { id }, cancellationToken: ct));
    }

    /// <summary>The sites that the user belongs to, with his role, in the order of their keys.</summary>
    public async Task<IReadOnlyList<(string Site, PersonRole Role)>> SitesOfAsync(string user, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<(string Site, short Role)>(new CommandDefinition(
            "select site, role from memberships where user_id = @user order by site", new { user }, cancellationToken: ct));
        return [.. rows.Select(r => (r.Site, (PersonRole)r.Role))];
    }

    /// <summary>Who signs in as this subject at this issuer, if he has done so before.</summary>
    public async Task<AccountRow?> FindByLoginAsync(string issuer, string subject, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<AccountRow>(new CommandDefinition(
            Account + " where id = (select user_id from external_logins where issuer = @issuer and subject = @subject)",
            new { issuer, subject },
            cancellationToken: ct));
    }

    public async Task LinkLoginAsync(string issuer, string subject, string user, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            "insert into external_logins (issuer, subject, user_id) values (@issuer, @subject, @user) on conflict do nothing",
            new { issuer, subject, user },
            cancellationToken: ct));
    }

    /// <summary>
    /// Adds a member. An account of this address that belongs to other sites is taken as it is, and the answer does not tell: its password is its
    /// owner's.
    /// </summary>
    /// <returns>The user's id; null if he is a member already.</returns>
    public async Task<string?> AddAsync(string site, NewUser user, string actor, CancellationToken ct) =>
        (await writer.WriteAsync((transaction, news) => AddAsync(transaction, news, site, user, actor), ct)).Result;

    public async Task<string?> AddAsync(NpgsqlTransaction transaction, AccessNews news, string site, NewUser user, string actor)
    {
        const string sql = """
            insert into users (id, email, email_key, name, password_hash, is_operator, created_at)
            values (@id, @Email, @key, @Name, @PasswordHash, @IsOperator, @now)
            on conflict (email_key) do update set password_hash = case
                when users.is_operator or exists (select 1 from memberships m where m.user_id = users.id) then users.password_hash
                else coalesce(excluded.password_hash, users.password_hash) end
            returning id
            """;
        var db = transaction.Connection!;
        var now = clock.GetUtcNow();
        var id = await db.QuerySingleAsync<string>(
            sql,
            new { id = Guid.CreateVersion7().ToString("N"), user.Email, key = KeyOf(user.Email), user.Name, user.PasswordHash, user.IsOperator, now },
            transaction);
        var added = await db.ExecuteAsync(
            "insert into memberships (site, user_id, role, created_at) values (@site, @id, @role, @now) on conflict do nothing",
            new { site, id, role = (short)user.Role, now },
            transaction);
        if (added == 0) return null;
        var after = new { email = user.Email, role = PersonGrant.NameOf(user.Role) };
        news.Audit.Add(new AuditEntry(site, actor, "user.added", "user", id, After: after));
        return id;
    }

    /// <param name="byOperator">The caller may change accounts that are not this site's alone.</param>
    public async Task<UserOutcome> ChangeAsync(string site, string id, UserChange change, bool byOperator, string actor, CancellationToken ct) =>
        (await writer.WriteAsync(
            async (transaction, news) =>
            {
                var db = transaction.Connection!;
                if (await LockAsync(transaction, site, id) is not { } role) return UserOutcome.NotFound;
                var isShared = await db.QuerySingleAsync<bool>(
                    "select is_operator or exists (select 1 from memberships where user_id = @id and site <> @site) from users where id = @id", new { id, site }, transaction);
                if (isShared && !byOperator && (change.PasswordHash is not null || change.Name is not null)) return UserOutcome.NotYours;
                if (change.Role is { } next && next != role)
                {
                    if (role == PersonRole.Admin && await IsLastAdminAsync(transaction, site)) return UserOutcome.LastAdmin;
                    await db.ExecuteAsync("update memberships set role = @next where site = @site and user_id = @id", new { next = (short)next, site, id }, transaction);
                }

                await db.ExecuteAsync(
                    """
                    update users set name = coalesce(@Name, name), password_hash = coalesce(@PasswordHash, password_hash),
                        is_operator = coalesce(@IsOperator, is_operator) where id = @id
                    """,
                    new { change.Name, change.PasswordHash, change.IsOperator, id },
                    transaction);
                if (change.PasswordHash is not null) await db.ExecuteAsync("delete from sessions where user_id = @id", new { id }, transaction);
                news.Audit.Add(new AuditEntry(
                    site,
                    actor,
                    "user.changed",
                    "user",
                    id,
                    new { role = PersonGrant.NameOf(role) },
                    new { role = PersonGrant.NameOf(change.Role ?? role), name = change.Name, @operator = change.IsOperator, new_password = change.PasswordHash is not null }));
                if (change is not { Role: null, PasswordHash: null, IsOperator: null }) await VoidTokensAsync(transaction, news, id);
                return UserOutcome.Done;
            },
            ct)).Result;

    /// <summary>Takes the user out of the site; his account stays.</summary>
    public async Task<UserOutcome> RemoveAsync(string site, string id, string actor, CancellationToken ct) =>
        (await writer.WriteAsync(
            async (transaction, news) =>
            {
                if (await LockAsync(transaction, site, id) is not { } role) return UserOutcome.NotFound;
                if (role == PersonRole.Admin && await IsLastAdminAsync(transaction, site)) return UserOutcome.LastAdmin;
                await transaction.Connection!.ExecuteAsync(
                    "delete from memberships where site = @site and user_id = @id; delete from sessions where site = @site and user_id = @id", new { site, id }, transaction);
                await VoidTokensAsync(transaction, news, id);
                news.Audit.Add(new AuditEntry(site, actor, "user.removed", "user", id, new { role = PersonGrant.NameOf(role) }));
                return UserOutcome.Done;
            },
            ct)).Result;

    /// <summary>The user's own new password: ends all his other sessions.</summary>
    public Task SetPasswordAsync(string user, string hash, string keptSession, CancellationToken ct) => writer.WriteAsync(
        async (transaction, news) =>
        {
            await transaction.Connection!.ExecuteAsync(
                "update users set password_hash = @hash where id = @user; delete from sessions where user_id = @user and id <> @keptSession",
                new { user, hash, keptSession },
                transaction);
            await VoidTokensAsync(transaction, news, user);
            return true;
        },
        ct);

    /// <summary>From now on, access tokens that the user was given are good nowhere.</summary>
    public static async Task VoidTokensAsync(NpgsqlTransaction transaction, AccessNews news, string user)
    {
        var generation = await transaction.Connection!.QuerySingleAsync<int>(
            "update users set token_generation = token_generation + 1 where id = @user returning token_generation", new { user }, transaction);
        news.Records.Add(new ConfigurationRecord { TokenGeneration = new TokenGeneration { User = user, Generation = generation } });
    }

    /// <summary>An address names the same user however it is written.</summary>
    private static string KeyOf(string email) => email.ToLowerInvariant();

    /// <summary>The member's role; changes to a site's members wait for each other, or two admins could remove one another at once.</summary>
    private static async Task<PersonRole?> LockAsync(NpgsqlTransaction transaction, string site, string id)
    {
        var db = transaction.Connection!;
        await db.ExecuteAsync("select 1 from sites where key = @site for no key update", new { site }, transaction);
        return (PersonRole?)await db.QuerySingleOrDefaultAsync<short?>(
            "select role from memberships where site = @site and user_id = @id", new { site, id }, transaction);
    }

    private static Task<bool> IsLastAdminAsync(NpgsqlTransaction transaction, string site) => transaction.Connection!.QuerySingleAsync<bool>(
        "select count(*) <= 1 from memberships where site = @site and role = @admin", new { site, admin = (short)PersonRole.Admin }, transaction);
}

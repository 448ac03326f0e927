using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Decide.People;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>What an installation starts with: a site, its keys and its first admin. Without a site's name nothing is made.</summary>
public sealed record BootstrapOptions
{
    public const string Section = "Bootstrap";

    public string Site { get; init; } = "";
    public string TimeZone { get; init; } = "UTC";
    public string WriteKey { get; init; } = "";
    public string ServerKey { get; init; } = "";
    public string AdminKey { get; init; } = "";

    /// <summary>The first admin, who is an operator, too; empty: none.</summary>
    public string AdminEmail { get; init; } = "";
    public string AdminPassword { get; init; } = "";
}

/// <summary>Makes what is configured and not there yet; what people have changed or revoked since stays as they left it.</summary>
internal sealed class Bootstrap(
    NpgsqlDataSource source, AccessWriter writer, KeyStore keys, UserStore users, Passwords passwords, IOptions<BootstrapOptions> options, TimeProvider clock)
{
    public async Task RunAsync(CancellationToken ct)
    {
        var o = options.Value;
        if (o.Site.Length == 0) return;
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        var news = new AccessNews();
        if (await db.ExecuteAsync("insert into sites (key, time_zone) values (@Site, @TimeZone) on conflict do nothing", new { o.Site, o.TimeZone }, transaction) > 0) news.Sites.Add(o.Site);
        (string Secret, KeyRole Role)[] configured = [(o.WriteKey, KeyRole.Write), (o.ServerKey, KeyRole.Server), (o.AdminKey, KeyRole.Admin)];
        foreach (var (secret, role) in configured.Where(k => k.Secret.Length > 0)) await keys.EnsureAsync(transaction, news, o.Site, secret, role);
        if (o.AdminEmail.Length > 0 && !await db.QuerySingleAsync<bool>("select exists (select 1 from users)", transaction: transaction))
        {
            var hash = await passwords.HashAsync(o.AdminPassword, ct);
            await users.AddAsync(transaction, news, o.Site, new NewUser(o.AdminEmail, "Admin", PersonRole.Admin, hash, IsOperator: true), "system:bootstrap");
        }

        if (!news.IsEmpty) await writer.AppendAsync(transaction, news);
        foreach (var entry in news.Audit) await AuditLog.AppendAsync(transaction, entry, clock.GetUtcNow());
        await transaction.CommitAsync(ct);
    }
}

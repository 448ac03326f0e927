using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.Webhooks;

internal sealed record WebhookRow
{
    public required string Id { get; init; }
    public required string Url { get; init; }
    public required string[] Events { get; init; }
    public required DateTime Created_At { get; init; }
    public required string Created_By { get; init; }
}

internal sealed record DeliveryRow(
    string Id, string Event, DateTime Created_At, int Attempts, DateTime? Next_At, DateTime? Delivered_At, int? Last_Status, string? Last_Error);

/// <summary>A site's webhooks and what became of their deliveries.</summary>
internal sealed class WebhookStore(NpgsqlDataSource source, SecretBox secrets, TimeProvider clock)
{
    public const int MostPerSite = 20;

    /// <summary>It is told what happens from now on.</summary>
    /// <returns>Null if the site has as many as it may.</returns>
    public async Task<WebhookRow?> TryAddAsync(string site, string url, string[] events, byte[] secret, string actor, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        await db.ExecuteAsync("select 1 from sites where key = @site for no key update", new { site }, transaction);
        if (await db.QuerySingleAsync<long>("select count(*) from webhooks where site = @site", new { site }, transaction) >= MostPerSite) return null;
        var (id, now) = ("wh_" + Guid.CreateVersion7().ToString("N"), clock.GetUtcNow());
        await db.ExecuteAsync(
            """
            insert into webhooks (id, site, url, events, secret, created_at, created_by, seen_seq)
            values (@id, @site, @url, @events, @box, @now, @actor, coalesce((select seq from audit_heads where site = @site), 0))
            """,
            new { id, site, url, events, box = secrets.Close(secret), now, actor },
            transaction);
        await AuditLog.AppendAsync(transaction, new AuditEntry(site, actor, "webhook.created", "webhook", id, After: new { url, events }), now);
        await transaction.CommitAsync(ct);
        return new WebhookRow { Id = id, Url = url, Events = events, Created_At = now.UtcDateTime, Created_By = actor };
    }

    public async Task<IReadOnlyList<WebhookRow>> ListAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return [.. await db.QueryAsync<WebhookRow>(new CommandDefinition(
            "select id, url, events, created_at, created_by from webhooks where site = @site order by id", new { site }, cancellationToken: ct))];
    }

    /// <summary>Takes it away with its deliveries; false if the site has no such webhook.</summary>
    public async Task<bool> TryDeleteAsync(string site, string id, string actor, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await using var transaction = await db.BeginTransactionAsync(ct);
        var url = await db.QuerySingleOrDefaultAsync<string>("delete from webhooks where site = @site and id = @id returning url", new { site, id }, transaction);
        if (url is null) return false;
        await AuditLog.AppendAsync(transaction, new AuditEntry(site, actor, "webhook.deleted", "webhook", id, Before: new { url }), clock.GetUtcNow());
        await transaction.CommitAsync(ct);
        return true;
    }

    /// <summary>The latest deliveries first; null if the site has no such webhook.</summary>
    public async Task<IReadOnlyList<DeliveryRow>?> DeliveriesAsync(string site, string id, int limit, CancellationToken ct)
    {
        const string sql = """
            select id, event, created_at, attempts, next_at, delivered_at, last_status, last_error
            from webhook_deliveries where webhook = @id order by created_at desc, id desc limit @limit
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        var isThere = await db.QuerySingleAsync<bool>(new CommandDefinition(
            "select exists (select 1 from webhooks where site = @site and id = @id)", new { site, id }, cancellationToken: ct));
        return isThere ? [.. await db.QueryAsync<DeliveryRow>(new CommandDefinition(sql, new { id, limit }, cancellationToken: ct))] : null;
    }
}

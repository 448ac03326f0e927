using System.Text.Json;
using CroPlatform.Services.Experiments.Publish.Webhooks;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.Webhooks;

/// <summary>A delivery that is due, with where and how to send it.</summary>
internal sealed record DueDelivery(string Id, string Event, string Body, int Attempts, string Url, byte[] Secret);

/// <summary>
/// Deliveries that wait. The audit log is the outbox: each of its rows that a webhook asks for becomes a delivery in the transaction that moves the
/// webhook on. A delivery is leased for as long as a try may take; if its sender dies, it is due again after that, under the same id.
/// </summary>
internal sealed class DeliveryQueue(NpgsqlDataSource source, SecretBox secrets, TimeProvider clock, IOptions<WebhookOptions> options)
{
    private const int Page = 500;
    private const int Batch = 32;
    private const int BatchPerWebhook = 4;
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    /// <summary>Turns what was written to the audit log since the last time into deliveries.</summary>
    public async Task FillAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var behind = await db.QueryAsync<string>(new CommandDefinition(
            "select w.id from webhooks w join audit_heads h on h.site = w.site where h.seq > w.seen_seq", cancellationToken: ct));
        foreach (var webhook in behind.AsList()) await FillAsync(db, webhook, ct);
    }

    /// <summary>Takes what is due; nobody else will for the time of a lease.</summary>
    public async Task<IReadOnlyList<DueDelivery>> TakeAsync(CancellationToken ct)
    {
        const string sql = """
            with due as (
                select d.id, row_number() over (partition by d.webhook order by d.next_at) as place from webhook_deliveries d where d.next_at <= @now
            ), mine as (
                select d.id from webhook_deliveries d join due on due.id = d.id
                where due.place <= @BatchPerWebhook and d.next_at <= @now order by d.next_at limit @Batch for update of d skip locked
            )
            update webhook_deliveries d set next_at = @lease, attempts = d.attempts + 1
            from mine, webhooks w where d.id = mine.id and w.id = d.webhook
            returning d.id, d.event, d.body, d.attempts, w.url, w.secret
            """;
        var now = clock.GetUtcNow();
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<DueDelivery>(new CommandDefinition(
            sql, new { now, lease = now + options.Value.Timeout + Slack, Batch, BatchPerWebhook }, cancellationToken: ct));
        return [.. rows.Select(r => r with { Secret = secrets.Open(r.Secret) })];
    }

    public async Task MarkAsync(DueDelivery delivery, DeliveryOutcome outcome, CancellationToken ct)
    {
        const string sql = """
            update webhook_deliveries set delivered_at = @delivered, next_at = @next, last_status = @Status, last_error = @Error where id = @Id
            """;
        var now = clock.GetUtcNow();
        DateTimeOffset? delivered = outcome.Error is null ? now : null;
        DateTimeOffset? next = outcome.Error is null || delivery.Attempts >= options.Value.MaxAttempts ? null : now + Pause(delivery.Attempts, options.Value);
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(sql, new { delivery.Id, delivered, next, outcome.Status, outcome.Error }, cancellationToken: ct));
    }

    /// <summary>Forgets deliveries that came to an end long ago.</summary>
    public async Task SweepAsync(CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition(
            "delete from webhook_deliveries where next_at is null and created_at < @until", new { until = clock.GetUtcNow() - options.Value.Kept }, cancellationToken: ct));
    }

    /// <summary>The pause after this many tries.</summary>
    public static TimeSpan Pause(int attempts, WebhookOptions options)
    {
        var pause = options.FirstPause * Math.Pow(2, Math.Min(attempts - 1, 30));
        return pause < options.LongestPause ? pause : options.LongestPause;
    }

    private async Task FillAsync(NpgsqlConnection db, string id, CancellationToken ct)
    {
        await using var transaction = await db.BeginTransactionAsync(ct);
        var webhook = await db.QuerySingleOrDefaultAsync<Cursor>(
            "select site, events, seen_seq from webhooks where id = @id for update skip locked", new { id }, transaction);
        if (webhook is null) return;
        const string sql = """
            select seq as "Seq", at as "At", actor as "Actor", action as "Action", subject_kind as "SubjectKind", subject as "Subject",
                before as "Before", after as "After", reason as "Reason"
            from audit where site = @Site and seq > @Seen_Seq order by seq limit @Page
            """;
        var rows = (await db.QueryAsync<AuditEvent>(sql, new { webhook.Site, webhook.Seen_Seq, Page }, transaction)).AsList();
        foreach (var row in rows.Where(r => webhook.Events.Any(e => Matches(e, r.Action))))
        {
            await db.ExecuteAsync(
                """
                insert into webhook_deliveries (id, webhook, event, body, created_at, next_at) values (@delivery, @id, @Action, @body, @now, @now)
                on conflict do nothing
                """,
                new { delivery = $"{id}_{row.Seq}", id, row.Action, body = BodyOf(webhook.Site, row), now = clock.GetUtcNow() },
                transaction);
        }

        if (rows.Count > 0) await db.ExecuteAsync("update webhooks set seen_seq = @seq where id = @id", new { seq = rows[^1].Seq, id }, transaction);
        await transaction.CommitAsync(ct);
    }

    internal static bool Matches(string pattern, string action) =>
        pattern == action || pattern == "*" || (pattern.EndsWith(".*", StringComparison.Ordinal) && action.StartsWith(pattern[..^1], StringComparison.Ordinal));

    private static string BodyOf(string site, AuditEvent row) => JsonSerializer.Serialize(
        new
        {
            type = row.Action,
            timestamp = row.At,
            data = new { site, seq = row.Seq, actor = row.Actor, subject_kind = row.SubjectKind, subject = row.Subject, before = Json(row.Before), after = Json(row.After), reason = row.Reason },
        },
        JsonBody.Options);

    private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);

    private sealed record Cursor
    {
        public required string Site { get; init; }
        public required string[] Events { get; init; }
        public required long Seen_Seq { get; init; }
    }

    private sealed record AuditEvent
    {
        public required long Seq { get; init; }
        public required DateTime At { get; init; }
        public required string Actor { get; init; }
        public required string Action { get; init; }
        public required string SubjectKind { get; init; }
        public required string Subject { get; init; }
        public string? Before { get; init; }
        public string? After { get; init; }
        public string? Reason { get; init; }
    }
}

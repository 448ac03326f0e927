using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>Commands that were carried out under a key of their caller's, kept for a day in the transaction of what they did.</summary>
internal static class IdempotencyKeys
{
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    /// <returns>What was answered under this key, or why it cannot be used; null if it is free, and then it is the transaction's until its end.</returns>
    public static async Task<Outcome?> FindAsync(NpgsqlTransaction transaction, string site, IdempotentRequest request, DateTimeOffset now)
    {
        var db = transaction.Connection!;
        var isOurs = await db.ExecuteScalarAsync<bool>(
            "select pg_try_advisory_xact_lock(hashtextextended(@name, 0))", new { name = $"idempotency|{site}|{request.Key}" }, transaction);
        if (!isOurs) return Outcome.Refused(new FieldProblem("idempotency_key_in_use", Caller.IdempotencyField, "a command with this key is being carried out; ask again"));
        var row = await db.QuerySingleOrDefaultAsync<(byte[] Sha256, int Status, byte[] Body, string? ETag, long? Publication)?>(
            "select request_sha256, status, body, etag, publication from idempotency_keys where site = @site and key = @Key and created_at > @since",
            new { site, request.Key, since = now - Memory },
            transaction);
        if (row is not { } known) return null;
        return known.Sha256.AsSpan().SequenceEqual(request.Sha256)
            ? new Outcome(known.Status, known.Body) { ETag = known.ETag, Publication = known.Publication, IsReplayed = true }
            : Outcome.Refused(new FieldProblem("idempotency_key_reused", Caller.IdempotencyField, "this key came with another command before"));
    }

    public static Task AddAsync(NpgsqlTransaction transaction, string site, IdempotentRequest request, Outcome outcome, DateTimeOffset now) =>
        transaction.Connection!.ExecuteAsync(
            """
            insert into idempotency_keys (site, key, request_sha256, status, body, etag, publication, created_at)
            values (@site, @Key, @Sha256, @Status, @Body, @ETag, @Publication, @now)
            on conflict (site, key) do update set request_sha256 = excluded.request_sha256, status = excluded.status, body = excluded.body,
                etag = excluded.etag, publication = excluded.publication, created_at = excluded.created_at
            """,
            new { site, request.Key, request.Sha256, outcome.Status, outcome.Body, outcome.ETag, outcome.Publication, now },
            transaction);

    public static async Task ForgetAsync(NpgsqlDataSource source, DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        await db.ExecuteAsync(new CommandDefinition("delete from idempotency_keys where created_at <= @since", new { since = now - Memory }, cancellationToken: ct));
    }
}

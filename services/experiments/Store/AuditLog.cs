using System.Text.Json;
using CroPlatform.Services.Experiments.Decide.Audit;
using CroPlatform.Services.Experiments.Receive;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>What is to be written down about a change.</summary>
/// <param name="Actor">Who did it: the grant's actor, or <c>system:</c> and the part of the platform.</param>
/// <param name="Action">The kind of subject, a point and a past participle: <c>experiment.started</c>.</param>
/// <param name="Before">What stood there, as the API shows it and without secrets; null: nothing.</param>
/// <param name="After">What stands there now; null: nothing.</param>
internal sealed record AuditEntry(
    string Site, string Actor, string Action, string SubjectKind, string Subject, object? Before = null, object? After = null, string? Reason = null);

/// <summary>Which rows are asked for; what is null does not matter.</summary>
internal sealed record AuditFilter(
    string? SubjectKind = null, string? Subject = null, string? Action = null, string? Actor = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>A row as it is stored.</summary>
internal sealed record StoredAudit(AuditRow Row, byte[] Hash);

/// <summary>The audit log: appended to in the transaction of the change, never changed.</summary>
internal sealed class AuditLog(NpgsqlDataSource source)
{
    private const string Columns =
        "site as \"Site\", seq as \"Seq\", at as \"At\", actor as \"Actor\", action as \"Action\", subject_kind as \"SubjectKind\", subject as \"Subject\", "
        + "before as \"Before\", after as \"After\", reason as \"Reason\", previous_hash as \"PreviousHash\", hash as \"Hash\"";

    private const string Filters =
        """
        site = @site
            and (@subjectKind is null or subject_kind = @subjectKind) and (@subject is null or subject = @subject)
            and (@action is null or action = @action) and (@actor is null or actor = @actor)
            and (@from is null or at >= @from) and (@to is null or at < @to)
        """;

    /// <summary>Appends within the caller's transaction. Call it last: from here on until the commit nobody else of the site can append.</summary>
    /// <returns>The row's number.</returns>
    public static async Task<long> AppendAsync(NpgsqlTransaction transaction, AuditEntry entry, DateTimeOffset at)
    {
        var db = transaction.Connection!;
        await db.ExecuteAsync(
            "insert into audit_heads (site, seq, hash) values (@Site, 0, @Root) on conflict (site) do nothing", new { entry.Site, AuditChain.Root }, transaction);
        var (seq, previous) = await db.QuerySingleAsync<(long Seq, byte[] Hash)>(
            "select seq, hash from audit_heads where site = @Site for update", new { entry.Site }, transaction);
        var row = new AuditRow(
            entry.Site,
            seq + 1,
            DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()),
            entry.Actor,
            entry.Action,
            entry.SubjectKind,
            entry.Subject,
            Canonical(entry.Before),
            Canonical(entry.After),
            entry.Reason,
            previous);
        var hash = row.ComputeHash();
        await db.ExecuteAsync(
            """
            insert into audit (site, seq, at, actor, action, subject_kind, subject, before, after, reason, previous_hash, hash)
            values (@Site, @Seq, @At, @Actor, @Action, @SubjectKind, @Subject, @Before::json, @After::json, @Reason, @PreviousHash, @hash);
            update audit_heads set seq = @Seq, hash = @hash where site = @Site
            """,
            new { row.Site, row.Seq, row.At, row.Actor, row.Action, row.SubjectKind, row.Subject, row.Before, row.After, row.Reason, row.PreviousHash, hash },
            transaction);
        return row.Seq;
    }

    /// <summary>The rows before this number, the newest first.</summary>
    public async Task<IReadOnlyList<StoredAudit>> ListAsync(string site, AuditFilter filter, long before, int limit, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = await db.QueryAsync<Stored>(new CommandDefinition(
            $"select {Columns} from audit where {Filters} and seq < @before order by seq desc limit @limit", Parameters(site, filter, before, limit), cancellationToken: ct));
        return [.. rows.Select(r => r.ToRow())];
    }

    /// <summary>The rows from the first to the last, one by one.</summary>
    public async IAsyncEnumerable<StoredAudit> ReadAsync(
        string site, AuditFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        var rows = db.QueryUnbufferedAsync<Stored>($"select {Columns} from audit where {Filters} order by seq", Parameters(site, filter));
        await foreach (var row in rows.WithCancellation(ct)) yield return row.ToRow();
    }

    /// <summary>Recomputes the site's chain.</summary>
    /// <returns>How many rows fit, and why the next one does not; null: all do.</returns>
    public async Task<(long Length, string? Break)> VerifyAsync(string site, CancellationToken ct)
    {
        var (seq, hash) = await HeadAsync(site, ct);
        var chain = new AuditChain();
        await foreach (var (row, stored) in ReadAsync(site, new AuditFilter(), ct))
        {
            if (chain.Append(row, stored) is { } fault) return (chain.Length, fault);

            // Rows that came after the head was read are looked at the next time.
            if (row.Seq == seq) break;
        }

        return (chain.Length, chain.End(seq, hash));
    }

    private async Task<(long Seq, byte[] Hash)> HeadAsync(string site, CancellationToken ct)
    {
        await using var db = await source.OpenConnectionAsync(ct);
        return await db.QuerySingleOrDefaultAsync<(long Seq, byte[] Hash)?>(new CommandDefinition(
            "select seq, hash from audit_heads where site = @site", new { site }, cancellationToken: ct)) ?? (0, AuditChain.Root);
    }

    private static DynamicParameters Parameters(string site, AuditFilter filter, long before = long.MaxValue, int limit = 0)
    {
        var parameters = new DynamicParameters(new { site, before, limit });
        parameters.Add("subjectKind", filter.SubjectKind, System.Data.DbType.String);
        parameters.Add("subject", filter.Subject, System.Data.DbType.String);
        parameters.Add("action", filter.Action, System.Data.DbType.String);
        parameters.Add("actor", filter.Actor, System.Data.DbType.String);
        parameters.Add("from", filter.From?.ToUniversalTime(), System.Data.DbType.DateTimeOffset);
        parameters.Add("to", filter.To?.ToUniversalTime(), System.Data.DbType.DateTimeOffset);
        return parameters;
    }

    private static string? Canonical(object? value) =>
        value is null ? null : CanonicalJson.Of(JsonSerializer.SerializeToElement(value, value.GetType(), JsonBody.Options));

    private sealed record Stored
    {
        public required string Site { get; init; }
        public required long Seq { get; init; }
        public required DateTime At { get; init; }
        public required string Actor { get; init; }
        public required string Action { get; init; }
        public required string SubjectKind { get; init; }
        public required string Subject { get; init; }
        public string? Before { get; init; }
        public string? After { get; init; }
        public string? Reason { get; init; }
        public required byte[] PreviousHash { get; init; }
        public required byte[] Hash { get; init; }

        public StoredAudit ToRow() => new(
            new AuditRow(Site, Seq, new DateTimeOffset(At, TimeSpan.Zero), Actor, Action, SubjectKind, Subject, Before, After, Reason, PreviousHash), Hash);
    }
}

using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Services.Experiments.Publish;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Experiments.Store.People;

/// <summary>What a change to sites, keys or people has to tell the other services.</summary>
internal sealed class AccessNews
{
    public HashSet<string> Sites { get; } = [];

    public List<ConfigurationRecord> Records { get; } = [];

    /// <summary>What the audit log is to say of it.</summary>
    public List<AuditEntry> Audit { get; } = [];

    public bool IsEmpty => Sites.Count == 0 && Records.Count == 0;
}

/// <summary>
/// Makes changes to who may call: the rows, their publication through the outbox and the audit log, in one transaction. When it returns, this instance knows of
/// the change, and so do the others and the other services if the log answers.
/// </summary>
internal sealed class AccessWriter(NpgsqlDataSource source, SiteDirectory directory, Publisher publisher, TimeProvider clock)
{
    /// <param name="change">Is committed, unless it throws.</param>
    /// <returns>What the change returned, and whether the other services have been told.</returns>
    public async Task<(T Result, bool IsPublished)> WriteAsync<T>(Func<NpgsqlTransaction, AccessNews, Task<T>> change, CancellationToken ct)
    {
        var news = new AccessNews();
        var id = 0L;
        T result;
        await using (var db = await source.OpenConnectionAsync(ct))
        {
            await using var transaction = await db.BeginTransactionAsync(ct);
            result = await change(transaction, news);
            if (!news.IsEmpty) id = await AppendAsync(transaction, news);
            foreach (var entry in news.Audit) await AuditLog.AppendAsync(transaction, entry, clock.GetUtcNow());
            await transaction.CommitAsync(ct);
        }

        if (news.IsEmpty) return (result, true);
        await directory.LoadAsync(ct);
        return (result, await publisher.PublishedAsync(id, ct));
    }

    /// <summary>The same for a change at the start, when nobody waits for it.</summary>
    public async Task<long> AppendAsync(NpgsqlTransaction transaction, AccessNews news)
    {
        List<ConfigurationRecord> records = [.. news.Records];
        foreach (var site in news.Sites) records.Add(new ConfigurationRecord { Site = (await directory.ReadAsync(transaction, site)).ToWire() });
        await transaction.Connection!.ExecuteAsync("update access_version set version = version + 1", transaction: transaction);
        var last = await Outbox.AppendAsync(transaction, records);
        string[] told = [.. news.Records.Where(r => r.TokenGeneration is not null).Select(ConfigurationRecords.KeyOf)];
        if (told.Length > 0)
        {
            // The others are superseded, and would pile up with every sign-out.
            await transaction.Connection!.ExecuteAsync(
                """
                delete from publications p where p.record_key like 'token-generation|%' and p.record_key = any(@told)
                    and p.id < (select max(id) from publications n where n.record_key like 'token-generation|%' and n.record_key = p.record_key)
                """,
                new { told },
                transaction);
        }

        return last;
    }
}

using Dapper;
using Npgsql;

namespace CroPlatform.Postgres;

/// <summary>
/// Where each partition's next offset is kept: in the same transaction as what was made of the records before it. The row carries the
/// identity of the log, so that a topic made anew is not mistaken for the old one, and an epoch that each owner raises, so that an owner
/// which was thought dead cannot write any more. The schema holds:
/// <code>create table offsets (topic text, partition int, log_id text not null, next_offset bigint not null, epoch bigint not null,
/// primary key (topic, partition));</code>
/// </summary>
public static class OffsetLedger
{
    /// <summary>Takes a partition over: whoever held it before is fenced off from now on.</summary>
    /// <param name="logId">The identity of the log as the broker tells it now.</param>
    public static async Task<Claim> ClaimAsync(NpgsqlConnection db, string topic, int partition, string logId, CancellationToken ct)
    {
        const string sql = """
            with before as (select log_id from offsets where topic = @topic and partition = @partition)
            insert into offsets as o (topic, partition, log_id, next_offset, epoch) values (@topic, @partition, @logId, 0, 1)
            on conflict (topic, partition) do update set
                epoch = o.epoch + 1,
                next_offset = case when o.log_id = @logId then o.next_offset else 0 end,
                log_id = @logId
            returning next_offset as "Next", epoch as "Epoch", (select log_id from before) as "LogBefore"
            """;
        var row = await db.QuerySingleAsync<(long Next, long Epoch, string? LogBefore)>(
            new CommandDefinition(sql, new { topic, partition, logId }, cancellationToken: ct));
        return new Claim(topic, partition, row.Epoch, row.Next, row.LogBefore is not null && row.LogBefore != logId);
    }

    /// <summary>Moves the offset within the caller's transaction.</summary>
    /// <exception cref="FencedException">Somebody else holds the partition now, or this very move was made already.</exception>
    public static async Task AdvanceAsync(NpgsqlTransaction transaction, Claim claim, long to, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(claim);
        const string sql = """
            update offsets set next_offset = @to
            where topic = @topic and partition = @partition and epoch = @epoch and next_offset = @next
            """;
        var rows = await transaction.Connection!.ExecuteAsync(new CommandDefinition(
            sql, new { to, topic = claim.Topic, partition = claim.Partition, epoch = claim.Epoch, next = claim.Next }, transaction, cancellationToken: ct));
        if (rows != 1) throw new FencedException(claim);
    }
}

/// <summary>The right to write a partition's results.</summary>
/// <param name="Next">The offset of the next record whose effect is not stored yet.</param>
/// <param name="IsNewLog">The topic was made anew since the last owner: offsets start over.</param>
public sealed record Claim(string Topic, int Partition, long Epoch, long Next, bool IsNewLog);

/// <summary>The partition belongs to another owner: drop its state, write nothing.</summary>
public sealed class FencedException(Claim claim)
    : Exception($"{claim.Topic}/{claim.Partition}: epoch {claim.Epoch} at offset {claim.Next} is not the owner any more");

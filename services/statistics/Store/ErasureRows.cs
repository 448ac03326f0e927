using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;
using Dapper;
using Npgsql;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>What erasing reads and writes: units by digest, records of quarantine by what they hold, and how far each partition is.</summary>
internal static class ErasureRows
{
    public static async Task<IReadOnlyList<UnitHistory>> FindUnitsAsync(
        NpgsqlConnection db, int lane, string site, IReadOnlySet<string> digests, CancellationToken ct)
    {
        // No index: an erasure is rare, and an index would cost every checkpoint. The name of a unit of cro.facts.v1 begins with its type.
        const string sql = """
            select unit, state from units
            where partition = @lane and site = @site and encode(sha256(convert_to(@prefix || unit, 'UTF8')), 'hex') = any(@digests)
            """;
        var prefix = Lane.IsFacts(lane) ? $"{site}|" : Topics.UnitKey(site, UnitTypes.Visitor, "");
        var rows = await db.QueryAsync<(string Unit, byte[] State)>(
            new CommandDefinition(sql, new { lane, site, prefix, digests = digests.ToArray() }, cancellationToken: ct));
        return [.. rows.Select(r => UnitCodec.Decode(site, r.Unit, lane, r.State))];
    }

    public static async Task<IReadOnlyList<QuarantinedAt>> FindQuarantinedAsync(
        NpgsqlConnection db, Claim claim, Func<ConsumeResult<byte[], byte[]>, bool> match, CancellationToken ct)
    {
        const string sql = "select log_id, record_offset, record from quarantine where topic = @Topic and partition = @Partition and record <> ''";
        var found = new List<QuarantinedAt>();
        var rows = db.QueryUnbufferedAsync<(string LogId, long Offset, byte[] Record)>(sql, new { claim.Topic, claim.Partition });
        await foreach (var (logId, offset, record) in rows.WithCancellation(ct))
        {
            var read = new ConsumeResult<byte[], byte[]> { Topic = claim.Topic, Message = new Message<byte[], byte[]> { Value = record } };
            if (match(read)) found.Add(new QuarantinedAt(claim.Topic, claim.Partition, logId, offset));
        }

        return found;
    }

    public static async Task<IReadOnlyList<string>> CarriedOutAsync(NpgsqlConnection db, int lane, CancellationToken ct) =>
        [.. await db.QueryAsync<string>(new CommandDefinition("select erasure from erased where partition = @lane", new { lane }, cancellationToken: ct))];

    public static async Task SaveAsync(NpgsqlTransaction transaction, int lane, IReadOnlyList<ErasedRow> rows, CancellationToken ct)
    {
        foreach (var row in rows)
        {
            if (row.Quarantined.Count > 0)
            {
                await transaction.Connection!.ExecuteAsync(new CommandDefinition(QuarantineRows.Empty, QuarantineRows.Of(row.Quarantined), transaction, cancellationToken: ct));
            }

            await transaction.Connection!.ExecuteAsync(new CommandDefinition(
                """
                insert into erased (partition, site, erasure, units, facts, quarantined, experiments)
                values (@lane, @Site, @Erasure, @Units, @Facts, @quarantined, @experiments)
                """,
                new { lane, row.Site, row.Erasure, row.Units, row.Facts, quarantined = row.Quarantined.Count, experiments = row.Experiments.ToArray() },
                transaction,
                cancellationToken: ct));
        }
    }

    /// <summary>Units that have no facts left.</summary>
    public static NpgsqlBatchCommand DeleteUnits(int lane, IReadOnlyList<UnitHistory> empty) => new(
        "delete from units u using unnest($2, $3) as w (site, unit) where u.partition = $1 and u.site = w.site and u.unit = w.unit")
    {
        Parameters =
        {
            new() { Value = lane },
            new() { Value = empty.Select(h => h.Site).ToArray() },
            new() { Value = empty.Select(h => h.Name).ToArray() },
        },
    };
}

using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using Dapper;
using Google.Protobuf;
using Npgsql;

namespace CroPlatform.Services.Experiments.Publish;

/// <summary>What is to be published, written in the transaction that decides it.</summary>
internal static class Outbox
{
    /// <returns>The id of the last record: published once the publisher has passed it.</returns>
    public static async Task<long> AppendAsync(NpgsqlTransaction transaction, IEnumerable<ConfigurationRecord> records)
    {
        var db = transaction.Connection!;
        await db.ExecuteAsync("select 1 from publisher for update", transaction: transaction);
        var id = 0L;
        foreach (var record in records)
        {
            id = await db.ExecuteScalarAsync<long>(
                "insert into publications (record_key, record) values (@key, @value) returning id",
                new { key = ConfigurationRecords.KeyOf(record), value = record.ToByteArray() },
                transaction);
        }

        return id;
    }
}

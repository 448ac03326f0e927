using System.Runtime.CompilerServices;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Store;
using Dapper;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Consume;

/// <summary>
/// Puts what lies in quarantine back into the log, as far as this version, with these settings, can count it: after a fix, after an update that
/// knows a newer schema, after <c>MaxLatenessHours</c> was raised. The fold takes it out of quarantine when it counts it, so running this twice, or
/// ending it in the middle, does no harm.
/// </summary>
internal sealed class DeadLetters(NpgsqlDataSource source, RecordProducer producer, IOptions<StatisticsOptions> options)
{
    public const string Verb = "dead-letters";
    public const string DryRun = "--dry-run";

    private const int Page = 1_000;

    /// <summary>Runs <c>dead-letters [--dry-run]</c> and says what it found, by reason.</summary>
    public static async Task<int> RunAsync(bool isDryRun)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddOptions<StatisticsOptions>().BindConfiguration(StatisticsOptions.Section);
        builder.Services.AddKafka().AddPostgres(Schema.Name);
        builder.Services.AddSingleton<DeadLetters>();
        using var host = builder.Build();
        var told = await host.Services.GetRequiredService<DeadLetters>().PutBackAsync(isDryRun, CancellationToken.None);
        foreach (var (reason, (ready, left)) in told.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"{reason}: {ready} {(isDryRun ? "can be put back" : "put back")}, {left} cannot be counted yet");
        }

        if (told.Count == 0) Console.WriteLine("nothing lies in quarantine");
        return 0;
    }

    /// <returns>By the reason of the quarantine: how many were put back (or could be), how many stay.</returns>
    public async Task<IReadOnlyDictionary<string, (long Ready, long Left)>> PutBackAsync(bool isDryRun, CancellationToken ct)
    {
        var told = new Dictionary<string, (long Ready, long Left)>();
        await foreach (var page in RowsAsync(ct))
        {
            var outgoing = new Dictionary<string, List<Outgoing>> { [Topics.Events] = [], [Topics.Facts] = [] };
            foreach (var row in page)
            {
                var (ready, left) = told.GetValueOrDefault(row.Reason);
                var record = Readable(row);
                if (record is { } sendable) outgoing[row.Topic].Add(sendable);
                told[row.Reason] = record is null ? (ready, left + 1) : (ready + 1, left);
            }

            if (isDryRun) continue;
            foreach (var (topic, records) in outgoing) await producer.ProduceAsync(topic, records, ct);
        }

        return told;
    }

    /// <summary>The record to send, under the key that it should have had; null if it still cannot be counted.</summary>
    private Outgoing? Readable(Row row)
    {
        try
        {
            return row.Topic == Topics.Facts ? Fact(row) : Event(row);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private Outgoing? Event(Row row)
    {
        var read = Contracts.Events.Event.Parser.ParseFrom(row.Record);
        var key = Topics.UnitKey(read.Site, read.VisitorId);
        var again = new ConsumeResult<byte[], byte[]> { Message = new Message<byte[], byte[]> { Key = System.Text.Encoding.UTF8.GetBytes(key), Value = row.Record } };
        if (EventReading.Of(again, (long)TimeSpan.FromHours(options.Value.MaxLatenessHours).TotalMilliseconds, Catalog.Empty).Quarantine is not null) return null;
        read.PutBack = row.Place.ToMessage();
        return new Outgoing(key, read);
    }

    private static Outgoing? Fact(Row row)
    {
        var routed = RoutedEvent.Parser.ParseFrom(row.Record);
        if (routed.Event is null || routed.Unit.Length == 0) return null;
        routed.Event.PutBack = row.Place.ToMessage();
        return new Outgoing(Topics.UnitKey(routed.Event.Site, routed.UnitType, routed.Unit), routed);
    }

    private async IAsyncEnumerable<List<Row>> RowsAsync([EnumeratorCancellation] CancellationToken ct)
    {
        const string sql = """
            select topic, partition, log_id, record_offset, reason, record from quarantine
            where (topic, partition, log_id, record_offset) > (@Topic, @Partition, @LogId, @Offset)
            order by topic, partition, log_id, record_offset limit @Page
            """;
        await using var db = await source.OpenConnectionAsync(ct);
        var last = new QuarantinedAt("", 0, "", 0);
        while (true)
        {
            var rows = await db.QueryAsync<(string Topic, int Partition, string LogId, long Offset, string Reason, byte[] Record)>(
                new CommandDefinition(sql, new { last.Topic, last.Partition, last.LogId, last.Offset, Page }, cancellationToken: ct));
            var page = rows.Select(r => new Row(new QuarantinedAt(r.Topic, r.Partition, r.LogId, r.Offset), r.Reason, r.Record)).ToList();
            if (page.Count == 0) yield break;
            yield return page;
            last = page[^1].Place;
        }
    }

    private sealed record Row(QuarantinedAt Place, string Reason, byte[] Record)
    {
        public string Topic => Place.Topic;
    }
}

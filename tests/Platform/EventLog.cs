using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;

namespace CroPlatform.Platform.Tests;

/// <summary>Reads cro.rejected.v1 as an operator would.</summary>
internal static class Rejections
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>The refusal whose raw event holds this text.</summary>
    public static Task<RejectedEvent> FindAsync(string bootstrap, string marker) => Task.Run(() =>
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = marker,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
        }).Build();
        var topic = Topics.All.Single(t => t.Name == Topics.Rejected);
        consumer.Assign(Enumerable.Range(0, topic.Partitions).Select(p => new TopicPartitionOffset(topic.Name, p, Offset.Beginning)));
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < Limit)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is not { } record) continue;
            var rejected = RejectedEvent.Parser.ParseFrom(record.Message.Value);
            if (Encoding.UTF8.GetString(rejected.Raw.Span).Contains(marker, StringComparison.Ordinal)) return rejected;
        }

        throw new AssertionException($"no refusal of an event with '{marker}' came in {Limit}");
    });
}

/// <summary>cro.events.v1 as a whole.</summary>
internal static class EventLog
{
    /// <summary>The number of records that have ever been written to it.</summary>
    public static long End(string bootstrap)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "end" }).Build();
        var topic = Topics.All.Single(t => t.Name == Topics.Events);
        return Enumerable.Range(0, topic.Partitions).Sum(p => consumer.QueryWatermarkOffsets(new TopicPartition(topic.Name, p), Limit).High.Value);
    }

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
}

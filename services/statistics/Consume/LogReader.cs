using Confluent.Kafka;
using CroPlatform.Kafka;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Statistics.Consume;

/// <summary>Reads a stretch of the log beside the consumers, from its beginning on. Blocks its thread.</summary>
internal sealed class LogReader(IOptions<KafkaOptions> kafka)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Everything before an offset that the log still has.</summary>
    /// <exception cref="InvalidOperationException">The log ends before that offset.</exception>
    public IEnumerable<ConsumeResult<byte[], byte[]>> Read(TopicPartition partition, long to, CancellationToken ct)
    {
        if (to == 0) yield break;
        using var consumer = Consumer();
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        for (var position = 0L; position < to;)
        {
            var record = Next(consumer, ct) ?? throw new InvalidOperationException($"{partition} ends before offset {to}");
            position = record.Offset.Value + 1;
            if (record.Offset.Value < to) yield return record;
        }
    }

    /// <summary>How far a partition reaches now.</summary>
    public long End(TopicPartition partition)
    {
        using var consumer = Consumer();
        return consumer.QueryWatermarkOffsets(partition, Patience).High.Value;
    }

    private static ConsumeResult<byte[], byte[]>? Next(IConsumer<byte[], byte[]> consumer, CancellationToken ct)
    {
        for (var waited = TimeSpan.Zero; waited < Patience; waited += Poll)
        {
            ct.ThrowIfCancellationRequested();
            if (consumer.Consume(Poll) is { } record) return record;
        }

        return null;
    }

    private IConsumer<byte[], byte[]> Consumer() => new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
    {
        BootstrapServers = kafka.Value.BootstrapServers,
        ClientId = "cro-log-reader",
        GroupId = "cro-log-reader",
        EnableAutoCommit = false,
    }).SetLogHandler((_, _) => { }).Build();
}

using System.ComponentModel.DataAnnotations;
using Confluent.Kafka;

namespace CroPlatform.Kafka;

public sealed record KafkaOptions
{
    public const string Section = "Kafka";

    [Required(ErrorMessage = "Kafka:BootstrapServers must be set, say localhost:9092")]
    public string BootstrapServers { get; init; } = "";

    /// <summary>
    /// Brokers that keep each partition. Topics are made so, with one broker that may be away and no leader that lacks records; a topic that has fewer is
    /// refused. 0: as the cluster's default says, and nothing is checked.
    /// </summary>
    [Range(0, 15)] public int Replicas { get; init; }

    /// <summary>How long a record waits for others to share a batch with.</summary>
    [Range(0, 1_000)] public double LingerMs { get; init; } = 5;

    /// <summary>A record that the log has not acknowledged by then counts as refused.</summary>
    [Range(100, 300_000)] public int DeliveryTimeoutMs { get; init; } = 10_000;

    /// <summary>Records that may wait in memory; beyond it the producer refuses.</summary>
    [Range(100, 10_000_000)] public int QueueRecords { get; init; } = 200_000;

    /// <summary>Memory for waiting records, in KiB.</summary>
    [Range(1_024, 2_097_151)] public int QueueKib { get; init; } = 262_144;

    /// <summary>Memory for fetched records of one partition, in KiB.</summary>
    [Range(64, 1_048_576)] public int FetchKib { get; init; } = 8_192;

    /// <summary>A consumer that is not heard of for so long, in milliseconds, loses its partitions to others: how long after a crash they stand still.</summary>
    [Range(6_000, 300_000)] public int SessionTimeoutMs { get; init; } = 10_000;

    /// <summary>A consumer that asks for no records for so long loses its partitions, too, in milliseconds.</summary>
    [Range(6_000, 3_600_000)] public int MaxPollIntervalMs { get; init; } = 300_000;

    internal ProducerConfig Producer(string clientId) => new()
    {
        BootstrapServers = BootstrapServers,
        ClientId = clientId,
        EnableIdempotence = true,
        Acks = Acks.All,
        LingerMs = LingerMs,
        CompressionType = CompressionType.Lz4,
        MessageTimeoutMs = DeliveryTimeoutMs,
        QueueBufferingMaxMessages = QueueRecords,
        QueueBufferingMaxKbytes = QueueKib,
        // The Java client's partitioner, so that other producers on the same topics agree with ours.
        Partitioner = Partitioner.Murmur2Random,
        // One callback thread serves all deliveries; keys and values are not needed back.
        DeliveryReportFields = "status",
    };

    /// <summary>A group's position in the broker is for display only: ours is stored with the results, so a missing one is an error.</summary>
    internal ConsumerConfig Consumer(string clientId, string groupId) => new()
    {
        BootstrapServers = BootstrapServers,
        ClientId = clientId,
        GroupId = groupId,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        SessionTimeoutMs = SessionTimeoutMs,
        MaxPollIntervalMs = Math.Max(MaxPollIntervalMs, SessionTimeoutMs),
        PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky,
        QueuedMaxMessagesKbytes = FetchKib,
        FetchWaitMaxMs = 50,
        EnablePartitionEof = false,
        AllowAutoCreateTopics = false,
    };

    internal AdminClientConfig Admin(string clientId) => new() { BootstrapServers = BootstrapServers, ClientId = clientId };
}

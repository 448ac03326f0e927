using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CroPlatform.Broker.Tests;

/// <summary>Confluent.Kafka, the client that the platform itself uses.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ConfluentTests
{
    private const long Start = 1_700_000_000_000;
    private const int Records = 300;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private TemporaryBroker _broker = null!;
    private IAdminClient _admin = null!;

    [OneTimeSetUp]
    public void Begin()
    {
        _broker = new TemporaryBroker();
        _admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _broker.Bootstrap }).Build();
    }

    [OneTimeTearDown]
    public async Task End()
    {
        _admin.Dispose();
        await _broker.DisposeAsync();
    }

    [TestCase(CompressionType.None, Acks.None)]
    [TestCase(CompressionType.None, Acks.Leader)]
    [TestCase(CompressionType.None, Acks.All)]
    [TestCase(CompressionType.Gzip, Acks.All)]
    [TestCase(CompressionType.Snappy, Acks.All)]
    [TestCase(CompressionType.Lz4, Acks.All)]
    [TestCase(CompressionType.Zstd, Acks.All)]
    public async Task Records_OfEveryCodec_ComeBackInOrderWithKeysHeadersAndTimes(CompressionType codec, Acks acks)
    {
        var topic = await CreateAsync();
        using (var producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = _broker.Bootstrap,
            CompressionType = codec,
            Acks = acks,
            EnableIdempotence = acks == Acks.All,
            LingerMs = 20,
        }).Build())
        {
            for (var i = 0; i < Records; i++)
            {
                producer.Produce(new TopicPartition(topic, 1), new Message<string, string>
                {
                    Key = "k",
                    Value = $"{i}",
                    Headers = new Headers { { "h", Encoding.UTF8.GetBytes($"{i}") } },
                    Timestamp = new Timestamp(Start + i, TimestampType.CreateTime),
                });
            }

            Assert.That(producer.Flush(Limit), Is.Zero);
        }

        using var consumer = Consumer("reader");
        consumer.Assign(new TopicPartitionOffset(topic, 1, Offset.Beginning));
        for (var i = 0; i < Records; i++)
        {
            var record = consumer.Consume(Limit);
            Assert.That((record.Offset.Value, record.Message.Key, record.Message.Value, record.Message.Timestamp.UnixTimestampMs), Is.EqualTo((i, "k", $"{i}", Start + i)));
            Assert.That(Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("h")), Is.EqualTo($"{i}"));
        }

        var at = consumer.OffsetsForTimes([new TopicPartitionTimestamp(topic, 1, new Timestamp(Start + 100, TimestampType.CreateTime))], Limit)[0].Offset.Value;
        Assert.That(at, codec == CompressionType.None ? Is.EqualTo(100) : Is.InRange(0, 100), "of a compressed batch, its first");
        Assert.That(consumer.OffsetsForTimes([new TopicPartitionTimestamp(topic, 1, new Timestamp(Start + Records, TimestampType.CreateTime))], Limit)[0].Offset, Is.EqualTo(Offset.End));
    }

    [TestCase(PartitionAssignmentStrategy.Range, false)]
    [TestCase(PartitionAssignmentStrategy.CooperativeSticky, true)]
    public async Task Group_MembersJoinAndLeave_PartitionsFollowAndOffsetsStay(PartitionAssignmentStrategy strategy, bool isStatic)
    {
        var topic = await CreateAsync();
        using (var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = _broker.Bootstrap }).Build())
        {
            for (var partition = 0; partition < 2; partition++)
                await producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, string> { Value = $"{partition}" });
        }

        using var first = Consumer(topic, strategy, isStatic ? "one" : null);
        using var second = Consumer(topic, strategy, isStatic ? "two" : null);
        first.Subscribe(topic);
        Until(() => first.Assignment.Count == 2, first);
        second.Subscribe(topic);
        Until(() => first.Assignment.Count == 1 && second.Assignment.Count == 1, first, second);
        Assert.That(first.Assignment.Concat(second.Assignment), Is.Unique);
        var described = await _admin.DescribeConsumerGroupsAsync([topic]);
        Assert.That((described.ConsumerGroupDescriptions[0].State, described.ConsumerGroupDescriptions[0].Members.Count), Is.EqualTo((ConsumerGroupState.Stable, 2)));

        second.Unsubscribe();
        Until(() => first.Assignment.Count == 2, first);
        first.Commit([new TopicPartitionOffset(topic, 0, 1), new TopicPartitionOffset(topic, 1, 1)]);
        first.Close();
        using var later = Consumer(topic);
        Assert.That(later.Committed([new(topic, 0), new(topic, 1)], Limit).Select(partition => partition.Offset.Value), Is.EqualTo(new[] { 1L, 1L }));
    }

    [Test]
    public async Task Topic_MadeAnew_HasAnotherIdAndNoCommittedOffsets()
    {
        var topic = await CreateAsync();
        var before = await IdAsync(topic);
        using var consumer = Consumer("anew");
        consumer.Commit([new TopicPartitionOffset(topic, 0, 5)]);
        Assert.That(await IdAsync(topic), Is.EqualTo(before));
        await _admin.DeleteTopicsAsync([topic]);
        await _admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = 2, ReplicationFactor = 1 }]);
        Assert.That(await IdAsync(topic), Is.Not.EqualTo(before));
        Assert.That(consumer.Committed([new(topic, 0)], Limit)[0].Offset, Is.EqualTo(Offset.Unset));
    }

    [Test]
    public async Task Settings_OfTheBrokerAndOfATopic_AreDescribed()
    {
        var topic = await CreateAsync();
        var described = await _admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = topic }, new ConfigResource { Type = ResourceType.Broker, Name = "1" }]);
        Assert.That((described[0].Entries["retention.ms"].Value, described[0].Entries["retention.ms"].IsDefault), Is.EqualTo(("-1", false)));
        Assert.That((described[0].Entries["cleanup.policy"].Value, described[0].Entries["cleanup.policy"].IsDefault), Is.EqualTo(("delete", true)));
        Assert.That(described[1].Entries["log.retention.ms"].Value, Is.EqualTo($"{new BrokerOptions { Data = "" }.RetentionMs}"));
    }

    [Test]
    public void Transactions_AreRefusedByTheirOwnError()
    {
        using var producer = new ProducerBuilder<Null, string>(new ProducerConfig { BootstrapServers = _broker.Bootstrap, TransactionalId = "t" }).SetLogHandler((_, _) => { }).Build();
        var refused = Assert.Throws<KafkaException>(() => producer.InitTransactions(Limit));
        Assert.That(refused!.Error.Code, Is.EqualTo(Confluent.Kafka.ErrorCode.TransactionalIdAuthorizationFailed));
    }

    private async Task<string> CreateAsync()
    {
        var topic = $"t-{Guid.NewGuid():n}";
        var keptForEver = new Dictionary<string, string> { ["retention.ms"] = "-1" };
        await _admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = 2, ReplicationFactor = 1, Configs = keptForEver }]);
        return topic;
    }

    private async Task<string> IdAsync(string topic) =>
        (await _admin.DescribeTopicsAsync(TopicCollection.OfTopicNames([topic]))).TopicDescriptions[0].TopicId.ToString();

    private IConsumer<string, string> Consumer(string group, PartitionAssignmentStrategy strategy = PartitionAssignmentStrategy.Range, string? instance = null) =>
        new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = _broker.Bootstrap,
            GroupId = group,
            GroupInstanceId = instance,
            PartitionAssignmentStrategy = strategy,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            CheckCrcs = true,
            SessionTimeoutMs = 6_000, // a static member that leaves is missed after this long only
            HeartbeatIntervalMs = 200,
        }).Build();

    private static void Until(Func<bool> condition, params IConsumer<string, string>[] members)
    {
        for (var clock = Stopwatch.StartNew(); !condition();)
        {
            foreach (var member in members)
                member.Consume(20);
            Assert.That(clock.Elapsed, Is.LessThan(Limit), "the group did not come to rest");
        }
    }
}

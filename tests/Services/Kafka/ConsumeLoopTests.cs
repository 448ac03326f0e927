using System.Collections.Concurrent;
using Confluent.Kafka;
using CroPlatform.Broker.Tests;
using CroPlatform.Contracts;
using CroPlatform.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Tests.Kafka;

/// <summary>A log that is not the one that was read before is never taken for it: made anew, cut before the stored offset, or with other partitions.</summary>
public sealed class ConsumeLoopTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Topic Topic = new("loop", 1, false);

    private BrokerProcess _broker = null!;
    private Cluster _cluster = null!;
    private IAdminClient _admin = null!;

    [OneTimeSetUp]
    public async Task Begin()
    {
        _broker = new BrokerProcess(Path.Combine(AppContext.BaseDirectory, "CroPlatform.Broker.dll"));
        await _broker.StartAsync();
        _cluster = new Cluster(Options.Create(Kafka));
        _admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _broker.Bootstrap }).Build();
    }

    [OneTimeTearDown]
    public void End()
    {
        _admin.Dispose();
        _cluster.Dispose();
        _broker.Dispose();
    }

    private KafkaOptions Kafka => new() { BootstrapServers = _broker.Bootstrap };

    [Test]
    public async Task Loop_StoredOffsetOutsideTheLog_StopsAndSaysSo()
    {
        await MakeAsync(Topic with { Name = "cut" });
        await ProduceAsync("cut", 3);
        using var run = new Running(this, Topic with { Name = "cut" }, next: 1_000);
        await EventuallyAsync(() => run.Troubles.Any(t => t is not null), "the loop tells its trouble");
        Assert.That(run.Store.Folded, Is.Empty, "nothing is skipped silently");
    }

    [Test]
    public async Task Loop_TopicMadeAnew_IsOpenedAgainAsAnotherLog()
    {
        var topic = Topic with { Name = "anew" };
        await MakeAsync(topic);
        await ProduceAsync("anew", 3);
        using var run = new Running(this, topic, next: 0);
        await EventuallyAsync(() => run.Store.Folded.Count == 3, "the first log is read");
        await _admin.DeleteTopicsAsync(["anew"]);
        await MakeAsync(topic);
        await ProduceAsync("anew", 2);
        await EventuallyAsync(() => run.Store.Folded.Count == 5, "the second log is read from its beginning");
        Assert.That(run.Store.Opened.Distinct().Count(), Is.EqualTo(2), "each log under its own identity");
    }

    [Test]
    public async Task LogId_OtherNumberOfPartitions_IsRefusedWithWhatToDo()
    {
        await MakeAsync(Topic with { Name = "wide", Partitions = 3 });
        Assert.That(
            async () => await _cluster.LogIdAsync(Topic with { Name = "wide" }),
            Throws.TypeOf<InvalidOperationException>().With.Message.Contains("wide has 3 partitions where 1 are meant").And.Message.Contains("a new topic and a replay"));
    }

    private Task MakeAsync(Topic topic) => _cluster.CreateMissingAsync([topic]);

    private async Task ProduceAsync(string topic, int records)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = _broker.Bootstrap }).Build();
        for (var i = 0; i < records; i++) await producer.ProduceAsync(topic, new Message<byte[], byte[]> { Value = [(byte)i] });
    }

    private static async Task EventuallyAsync(Func<bool> isSo, string what)
    {
        for (var since = TimeProvider.System.GetTimestamp(); !isSo(); await Task.Delay(20))
        {
            Assert.That(TimeProvider.System.GetElapsedTime(since), Is.LessThan(Patience), what);
        }
    }

    private sealed class Running : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _loop;

        public Running(ConsumeLoopTests owner, Topic topic, long next)
        {
            Store = new Store(next);
            var loop = new ConsumeLoop(owner.Kafka, owner._cluster, new ConsumeOptions { Topic = topic, GroupId = topic.Name }, Store, NullLogger.Instance);
            loop.StateChanged += Troubles.Enqueue;
            _loop = Task.Factory.StartNew(() => loop.Run(_stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        public Store Store { get; }

        public ConcurrentQueue<string?> Troubles { get; } = [];

        public void Dispose()
        {
            _stop.Cancel();
            _loop.Wait(Patience);
            _stop.Dispose();
        }
    }

    /// <summary>Keeps what was folded, and always opens where it was told to.</summary>
    private sealed class Store(long next) : IPartitionStore
    {
        public ConcurrentQueue<string> Opened { get; } = [];

        public ConcurrentQueue<long> Folded { get; } = [];

        public Task<(IPartitionState State, long Next)> OpenAsync(TopicPartition partition, string logId, CancellationToken ct)
        {
            Opened.Enqueue(logId);
            return Task.FromResult<(IPartitionState, long)>((new State(Folded), next));
        }
    }

    private sealed class State(ConcurrentQueue<long> folded) : IPartitionState
    {
        public bool IsDirty => false;

        public Task FoldAsync(IReadOnlyList<ConsumeResult<byte[], byte[]>> records, CancellationToken ct)
        {
            foreach (var record in records) folded.Enqueue(record.Offset.Value);
            return Task.CompletedTask;
        }

        public Task TickAsync(CancellationToken ct) => Task.CompletedTask;

        public Task<long> CheckpointAsync(CancellationToken ct) => Task.FromResult(0L);
    }
}

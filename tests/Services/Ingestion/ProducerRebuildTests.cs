using System.Diagnostics.Metrics;
using Confluent.Kafka;
using CroPlatform.Bench.Broker;
using CroPlatform.Contracts;
using CroPlatform.Kafka;
using CroPlatform.Services.Ingestion;
using CroPlatform.Services.Ingestion.Check;
using CroPlatform.Services.Ingestion.Publish;
using CroPlatform.Services.Ingestion.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Event = CroPlatform.Contracts.Events.Event;

namespace CroPlatform.Services.Tests.Ingestion;

/// <summary>What becomes of events when librdkafka's idempotent producer fails for good, or will take no more, on librdkafka's own mock of a broker.</summary>
public sealed class ProducerRebuildTests
{
    private const int OutOfOrderSequence = 45;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private MockCluster _cluster = null!;
    private ServiceProvider _parts = null!;
    private string _folder = null!;

    [SetUp]
    public void Begin()
    {
        _cluster = new MockCluster();
        _cluster.Create(Topics.Events, 1);
        _folder = Directory.CreateTempSubdirectory("cro-rebuild-").FullName;
    }

    [TearDown]
    public async Task End()
    {
        await _parts.GetRequiredService<SpoolDrain>().StopAsync(CancellationToken.None);
        await _parts.DisposeAsync();
        _cluster.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task Events_WhenTheProducerFailedForGood_AreSpooledAndWrittenByTheNextOne()
    {
        var publisher = await StartAsync(new KafkaOptions { BootstrapServers = _cluster.Bootstrap });
        var producer = _parts.GetRequiredService<RecordProducer>();
        using var rebuilds = new Tally("cro.kafka.producer.rebuilds");
        await publisher.PublishAsync([Event(0)], []);
        _cluster.RefuseProduce(OutOfOrderSequence);
        await publisher.PublishAsync([Event(1), Event(2)], []);
        var trouble = producer.Trouble;
        await publisher.PublishAsync([Event(3)], []);
        Assert.That(Read(4), Is.EquivalentTo(new[] { "e0", "e1", "e2", "e3" }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(trouble, Does.StartWith("the producer failed"), "what was answered before the next one worked");
            Assert.That(producer.Trouble, Is.Null);
            Assert.That(rebuilds.Sum, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Events_WhenTheQueueIsFull_AreSpooledAndAllReachTheLog()
    {
        // The smallest queue; it lingers, so that one call fills it.
        var publisher = await StartAsync(new KafkaOptions { BootstrapServers = _cluster.Bootstrap, QueueRecords = 100, LingerMs = 50 });
        using var kept = new Tally("cro.ingest.spool.records");
        await publisher.PublishAsync([.. Enumerable.Range(0, 90).Select(Event)], []);
        await Task.WhenAll(Enumerable.Range(1, 5).Select(i => publisher.PublishAsync([.. Enumerable.Range(i * 90, 90).Select(Event)], [])));
        Assert.That(kept.Sum, Is.GreaterThan(0));
        Assert.That(Read(6 * 90), Is.EquivalentTo(Enumerable.Range(0, 6 * 90).Select(i => $"e{i}")));
    }

    private async Task<EventPublisher> StartAsync(KafkaOptions kafka)
    {
        var services = new ServiceCollection().AddLogging().AddMetrics();
        services.AddSingleton(Options.Create(kafka)).AddSingleton(Options.Create(new IngestionOptions())).AddSingleton(TimeProvider.System);
        services.AddSingleton(Options.Create(new SpoolOptions { Folder = _folder, ReserveBytes = 0, RetryMs = 50 }));
        services.AddSingleton<RecordProducer>().AddSingleton<EventLog>().AddSingleton<SpoolDrain>().AddSingleton<VisitorLimits>().AddSingleton<IngestionMetrics>().AddSingleton<EventPublisher>();
        _parts = services.BuildServiceProvider();
        await _parts.GetRequiredService<SpoolDrain>().StartAsync(CancellationToken.None);
        return _parts.GetRequiredService<EventPublisher>();
    }

    private static Event Event(int number) => new() { Site = "s", Id = $"e{number}", VisitorId = "v", Type = "t", Schema = 1 };

    /// <summary>The distinct ids in the log, once there are so many.</summary>
    private HashSet<string> Read(int ids)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig { BootstrapServers = _cluster.Bootstrap, GroupId = "g" }).Build();
        consumer.Assign(new TopicPartitionOffset(Topics.Events, 0, Offset.Beginning));
        var found = new HashSet<string>();
        for (var since = TimeProvider.System.GetTimestamp(); found.Count < ids && TimeProvider.System.GetElapsedTime(since) < Patience;)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record) found.Add(Contracts.Events.Event.Parser.ParseFrom(record.Message.Value).Id);
        }

        return found;
    }

    /// <summary>What an instrument has counted since.</summary>
    private sealed class Tally : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _sum;

        public Tally(string instrument)
        {
            _listener.InstrumentPublished = (published, listener) =>
            {
                if (published.Name == instrument) listener.EnableMeasurementEvents(published);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _sum, value));
            _listener.Start();
        }

        public long Sum => Interlocked.Read(ref _sum);

        public void Dispose() => _listener.Dispose();
    }
}

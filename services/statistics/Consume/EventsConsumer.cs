using System.Collections.Concurrent;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Statistics.Consume;

/// <summary>Reads cro.events.v1 and cro.facts.v1 once the catalog has caught up, and keeps the partitions that this process owns.</summary>
internal sealed class EventsConsumer(
    IOptions<KafkaOptions> kafka, IOptions<StatisticsOptions> options, Cluster cluster, CatalogReader catalog, AllocationReader allocations, PartitionStore store, LinkedFacts links, FoldMetrics metrics,
    ILogger<EventsConsumer> logger) : BackgroundService, IPartitionStore
{
    private readonly ConcurrentDictionary<int, PartitionFold> _partitions = new();
    private readonly ConcurrentDictionary<string, string> _troubles = new() { [Topics.Events] = "waiting for the catalog" };

    /// <summary>Why something is not consumed now, or null.</summary>
    public string? Trouble => _troubles.Values.FirstOrDefault();

    /// <summary>The partitions opened last, by lane; a lost one stays until another opening replaces it.</summary>
    public IEnumerable<KeyValuePair<int, PartitionFold>> Partitions => _partitions;

    public async Task<(IPartitionState State, long Next)> OpenAsync(TopicPartition partition, string logId, CancellationToken ct)
    {
        var stored = await store.OpenAsync(partition.Topic, partition.Partition.Value, logId, catalog.Current, ct);
        var fold = new PartitionFold(store, stored, () => catalog.Current, options.Value, metrics, logger, links.FindAsync);
        _partitions[Lane.Of(stored.Claim)] = fold;
        return (fold, stored.Claim.Next);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(catalog.CaughtUp, allocations.CaughtUp).WaitAsync(stoppingToken);
        await Task.WhenAll(ConsumeAsync(Topics.Events, "cro-statistics", stoppingToken), ConsumeAsync(Topics.Facts, "cro-statistics-facts", stoppingToken));
    }

    private Task ConsumeAsync(string topic, string group, CancellationToken stop)
    {
        var loop = new ConsumeLoop(kafka.Value, cluster, new ConsumeOptions
        {
            Topic = Topics.All.Single(t => t.Name == topic),
            GroupId = group,
            MaxBatch = options.Value.MaxBatch,
            CheckpointEvery = TimeSpan.FromMilliseconds(options.Value.CheckpointMs),
            CheckpointRecords = options.Value.CheckpointEvents,
        }, this, logger);
        loop.StateChanged += trouble =>
        {
            if (trouble is null) _troubles.TryRemove(topic, out _);
            else _troubles[topic] = trouble;
        };
        return Task.Factory.StartNew(() => loop.Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}

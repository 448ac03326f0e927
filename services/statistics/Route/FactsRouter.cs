using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Kafka;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Statistics.Route;

/// <summary>
/// Writes what experiments by user, account or device need onto cro.facts.v1, under the key of that unit, so that everything about one unit is in
/// one partition there, too. Twice does no harm, since the fold knows ids; nothing is left out, since offsets move after the acknowledgement.
/// </summary>
internal sealed class FactsRouter(
    IOptions<KafkaOptions> kafka, IOptions<StatisticsOptions> options, Cluster cluster, CatalogReader catalog, RoutingStore store, RecordProducer producer,
    ILogger<FactsRouter> logger) : BackgroundService, IPartitionStore
{
    /// <summary>Why nothing is routed now, or null.</summary>
    public string? Trouble { get; private set; } = "waiting for the catalog";

    public async Task<(IPartitionState State, long Next)> OpenAsync(TopicPartition partition, string logId, CancellationToken ct)
    {
        var (claim, served) = await store.OpenAsync(partition.Partition.Value, logId, ct);
        var lateness = TimeSpan.FromHours(options.Value.MaxLatenessHours);
        return (new RoutedPartition(store, claim, served, () => catalog.Current, producer, lateness), claim.Next);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.CaughtUp.WaitAsync(stoppingToken);
        var loop = new ConsumeLoop(kafka.Value, cluster, new ConsumeOptions
        {
            Topic = Topics.All.Single(t => t.Name == Topics.Events),
            GroupId = "cro-statistics-router",
            MaxBatch = options.Value.MaxBatch,
            CheckpointEvery = TimeSpan.FromMilliseconds(options.Value.CheckpointMs),
            CheckpointRecords = options.Value.CheckpointEvents,
        }, this, logger);
        loop.StateChanged += trouble => Trouble = trouble;
        await Task.Factory.StartNew(() => loop.Run(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}

using System.Text.Json;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.Redis;
using CroPlatform.Services.Statistics.Fold;
using StackExchange.Redis;
using Live = CroPlatform.Services.Statistics.Publish.LiveCounterWriter;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>Reads the partitions' counters back from Redis and sums them. Nothing if Redis is away: the page keeps its committed figures.</summary>
internal sealed class LiveReader(CatalogReader catalog, RedisCache redis, TimeProvider clock)
{
    private const int PrefixLength = 40;

    public async Task<IReadOnlyList<LiveCounters>> ReadAsync(string site, CancellationToken ct)
    {
        var running = catalog.Current.Experiments.Select(v => v.Current).OfType<Experiment>()
            .Where(e => e.Site == site && e.Status == ExperimentStatus.Running).ToList();
        var fields = new RedisValue[running.Count][];
        var read = await redis.TryAsync(async db =>
        {
            for (var i = 0; i < running.Count; i++) fields[i] = await db.HashValuesAsync(Live.KeyOf(site, running[i].Key));
        });
        ct.ThrowIfCancellationRequested();
        return read ? [.. running.Select((e, i) => Sum(e, fields[i]))] : [];
    }

    private LiveCounters Sum(Experiment experiment, RedisValue[] partitions)
    {
        var units = new long[experiment.Variants.Length];
        var sums = new Int128[experiment.Variants.Length, experiment.Metrics.Length];
        foreach (string? field in partitions)
        {
            var arms = JsonSerializer.Deserialize<LiveArm[]>(field!.AsSpan(PrefixLength))!;
            for (var arm = 0; arm < Math.Min(arms.Length, units.Length); arm++)
            {
                units[arm] += arms[arm].Units;
                for (var metric = 0; metric < experiment.Metrics.Length; metric++) sums[arm, metric] += Int128.Parse(arms[arm].Sums[metric]);
            }
        }

        var counters = new LiveCounters { Site = experiment.Site, Experiment = experiment.Key, AsOfMs = clock.GetUtcNow().ToUnixTimeMilliseconds() };
        for (var arm = 0; arm < units.Length; arm++)
        {
            var variant = new LiveVariant { Key = experiment.Variants[arm].Key, Units = units[arm] };
            for (var metric = 0; metric < experiment.Metrics.Length; metric++)
            {
                variant.Metrics.Add(new LiveMetric { Key = experiment.Metrics[metric].Key, Sum = (double)sums[arm, metric] / Scaled.One });
            }

            counters.Variants.Add(variant);
        }

        return counters;
    }
}

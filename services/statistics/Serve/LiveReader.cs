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
        RedisValue[] fields = [];
        var read = await redis.TryAsync(async db => fields = await db.HashValuesAsync(Live.KeyOf(site)));
        ct.ThrowIfCancellationRequested();
        if (!read) return [];
        var partitions = Array.ConvertAll(fields, f => JsonSerializer.Deserialize<Dictionary<string, LiveArm[]>>(((string)f!).AsSpan(PrefixLength))!);
        return [.. running.Select(e => Sum(e, partitions.Select(p => p.GetValueOrDefault(e.Key)).OfType<LiveArm[]>()))];
    }

    private LiveCounters Sum(Experiment experiment, IEnumerable<LiveArm[]> partitions)
    {
        var units = new long[experiment.Variants.Length];
        var sums = new Int128[experiment.Variants.Length, experiment.Metrics.Length];
        foreach (var arms in partitions)
        {
            for (var arm = 0; arm < Math.Min(arms.Length, units.Length); arm++)
            {
                units[arm] += arms[arm].Units;
                for (var metric = 0; metric < Math.Min(arms[arm].Sums.Count, experiment.Metrics.Length); metric++) sums[arm, metric] += Int128.Parse(arms[arm].Sums[metric]);
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

using System.Text.Json;
using CroPlatform.Redis;
using CroPlatform.Services.Statistics.Consume;
using CroPlatform.Services.Statistics.Fold;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>
/// Keeps each partition's counters in Redis between checkpoints, for the live page: absolute values with the owner's epoch and a count
/// of changes, set only if they are newer, so that repeats and late writers do no harm. A Redis that was emptied is filled again within
/// a few ticks, since every partition writes all its running experiments afresh from time to time.
/// </summary>
internal sealed class LiveCounterWriter(RedisCache redis, EventsConsumer consumer, IOptions<StatisticsOptions> options) : BackgroundService
{
    private const int RewriteEvery = 5;

    /// <summary>Sets a partition's field unless a newer one is there. The value begins with its epoch and change, both of 20 digits.</summary>
    private const string SetIfNewer = """
        local known = redis.call('HGET', KEYS[1], ARGV[1])
        if known and string.sub(known, 1, 40) >= string.sub(ARGV[2], 1, 40) then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
        redis.call('EXPIRE', KEYS[1], 86400)
        return 1
        """;

    /// <summary>A hash with a field for each partition: all running experiments of the site.</summary>
    public static RedisKey KeyOf(string site) => $"cro:live:{site}";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var written = new Dictionary<int, LiveSnapshot>();
        for (var tick = 0; !stoppingToken.IsCancellationRequested; tick++)
        {
            foreach (var (partition, fold) in consumer.Partitions)
            {
                var live = fold.Live;
                var isNew = !written.TryGetValue(partition, out var last) || last != live;
                if (!isNew && (tick + partition) % RewriteEvery != 0) continue;
                if (await WriteAsync(partition, live)) written[partition] = live;
            }

            await Task.Delay(options.Value.ResultsMs / 2, stoppingToken);
        }
    }

    private Task<bool> WriteAsync(int partition, LiveSnapshot snapshot) => redis.TryAsync(db => Task.WhenAll(snapshot.Experiments.GroupBy(e => e.Site).Select(site =>
        db.ScriptEvaluateAsync(
            SetIfNewer,
            [KeyOf(site.Key)],
            [partition, $"{snapshot.Epoch:D20}{snapshot.Changes:D20}{JsonSerializer.Serialize(site.ToDictionary(e => e.Experiment, e => e.Variants))}"]))));
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace CroPlatform.Redis;

/// <summary>Writes what has become known since the last time, every few seconds, as fields of one Redis hash. What Redis does not take is not kept.</summary>
public sealed class HashReporter(RedisCache redis, string key, Func<IReadOnlyList<KeyValuePair<string, string>>> drain) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            HashEntry[] fields = [.. drain().Select(f => new HashEntry(f.Key, f.Value))];
            if (fields.Length > 0) await redis.TryAsync(db => db.HashSetAsync(key, fields));
        }
    }
}

public static class HashReports
{
    /// <param name="drain">What is new since it was last called.</param>
    public static IServiceCollection AddHashReport<T>(this IServiceCollection services, string key, Func<T, IReadOnlyList<KeyValuePair<string, string>>> drain)
        where T : notnull =>
        services.AddSingleton<IHostedService>(provider =>
        {
            var source = provider.GetRequiredService<T>();
            return new HashReporter(provider.GetRequiredService<RedisCache>(), key, () => drain(source));
        });

    /// <summary>All fields of a report; none if Redis is away.</summary>
    public static async Task<IReadOnlyList<KeyValuePair<string, string>>> ReadReportAsync(this RedisCache redis, string key)
    {
        ArgumentNullException.ThrowIfNull(redis);
        HashEntry[] fields = [];
        await redis.TryAsync(async db => fields = await db.HashGetAllAsync(key));
        return [.. fields.Select(f => KeyValuePair.Create((string)f.Name!, (string)f.Value!))];
    }
}

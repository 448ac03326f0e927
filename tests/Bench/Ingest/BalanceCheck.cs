using System.Diagnostics;

namespace CroPlatform.Bench.Ingest;

/// <summary>Compares what was acknowledged with what statistics made of it: counted + held + quarantined + deduplicated copies.</summary>
internal sealed class BalanceCheck(RunningPlatform platform, long before)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private long _accepted;

    public static async Task<BalanceCheck> StartAsync(RunningPlatform platform) => new(platform, await SumAsync(platform));

    public long Accepted => _accepted;

    public void Add(long accepted) => _accepted += accepted;

    /// <summary>Waits until statistics has got as far as the gateway; returns how long that took, or null if it did not come to pass.</summary>
    public async Task<TimeSpan?> HoldsAsync()
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Limit; await Task.Delay(Interval))
        {
            var difference = await SumAsync(platform) - before - _accepted;
            if (difference == 0) return clock.Elapsed;
            if (difference > 0) break; // more than was sent: waiting will not mend it
        }

        return null;
    }

    public async Task WriteAsync()
    {
        var holds = await HoldsAsync();
        var sum = await SumAsync(platform) - before;
        Console.WriteLine(holds is null
            ? $"balance: BROKEN: {_accepted} events were accepted, {sum} are accounted for"
            : $"balance: holds: accepted {_accepted} = counted + held + quarantined + deduplicated {sum}");
    }

    private static async Task<long> SumAsync(RunningPlatform platform) =>
        (await platform.AdminAsync(HttpMethod.Get, "/api/v1/statistics/balance")).EnumerateObject().Sum(part => part.Value.GetInt64());
}

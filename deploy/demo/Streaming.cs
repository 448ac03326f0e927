using System.Diagnostics;
using CroPlatform.Demo.Api;

namespace CroPlatform.Demo;

/// <summary>Progress while traffic runs, and waiting for what follows it.</summary>
internal static class Streaming
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Tells once a second how far the traffic is, then waits until everything accepted is accounted for.</summary>
    public static async Task RunAsync(Task traffic, PublicApi api, Balance before, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        var last = 0L;
        while (await Task.WhenAny(traffic, Task.Delay(1_000, ct)) != traffic)
        {
            var accounted = (await api.BalanceAsync(ct)).Since(before).All;
            Console.WriteLine($"  {clock.Elapsed.TotalSeconds,5:0.0} s   sent {api.Sent,8}   {api.Sent - last,6}/s   accounted for {accounted,8}");
            last = api.Sent;
        }

        await traffic;
        Console.WriteLine($"  {clock.Elapsed.TotalSeconds,5:0.0} s   sent {api.Sent,8}   all of it");
        var waiting = Stopwatch.StartNew();
        while (waiting.Elapsed < Limit)
        {
            var balance = (await api.BalanceAsync(ct)).Since(before);
            if (balance.All >= api.Accepted && balance.All - balance.Deduplicated >= api.Distinct) return;
            await Task.Delay(200, ct);
        }
    }

    /// <summary>The results once the experiment's last version has been counted everywhere.</summary>
    public static async Task<Results> FinalAsync(PublicApi api, string key, CancellationToken ct)
    {
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            var results = await api.ResultsAsync(key, ct);
            var isFinal = results.Status == "completed" && results.Decision.Reasons.All(r => r.Code != "counting");
            if (isFinal || waiting.Elapsed > Limit) return results;
            await Task.Delay(200, ct);
        }
    }
}

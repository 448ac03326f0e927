using System.Diagnostics;
using CroPlatform.Bench.Traffic;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// How far results are behind the events while all is running: a steady stream through the gateway, visitors in five of the experiments each,
/// ten metrics of every kind. Arguments: <c>experiments=</c> (100), <c>rate=</c> (5 000 events a second), <c>perrequest=</c> (10), <c>visitors=</c> present
/// at once (5 000), <c>warmup=</c> (30), <c>seconds=</c> (60). Exits with 1 if results were ever more than two seconds behind or the rate was not kept.
/// </summary>
internal static class LagBench
{
    private const double Limit = 2;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("experiments", 100), ("rate", 5_000), ("perrequest", 10), ("visitors", 5_000), ("warmup", 30), ("seconds", 60));
        Console.WriteLine($"lag: {settings}");
        using var platform = new RunningPlatform();
        var run = $"lag-{Guid.NewGuid().ToString("n")[..6]}";
        var experiments = new SplitExperiments(platform);
        await experiments.StartAsync(
            [.. Enumerable.Range(0, settings["experiments"]).Select(i => $"{run}-{i}")], await ShopMetrics.CreateAsync(platform, run),
            new { method = "always_valid", confidence = 0.95, min_sample = 1_000, min_days = 1 });
        var watch = new ResultsWatch(experiments.Keys);
        await using var tail = await ResultsTail.FollowAsync(platform.Kafka, watch.Take);
        using var stop = new CancellationTokenSource();
        var visitors = new ShopVisitors(run, experiments.Keys, settings["visitors"], watch.Exposed);
        var pacer = new Pacer(platform, visitors, settings["rate"], settings["perrequest"]);
        var sending = pacer.RunAsync(stop.Token);
        await Task.WhenAny(sending, Task.Delay(settings.WarmUp));
        var (cores, steps) = (new CoreUse(), new StepTimes(platform));
        await steps.BeginAsync();
        var sentBefore = pacer.Sent;
        var asking = AskAsync(platform, experiments.Keys, watch, settings.Length);
        var (published, worst) = await LookAsync(watch, sending, settings.Length);
        var rate = (pacer.Sent - sentBefore) / settings.Length.TotalSeconds;
        var asked = await asking;
        cores.End();
        await stop.CancelAsync();
        await sending;
        var drained = Stopwatch.StartNew();
        while (watch.Published().Max() > 0 && drained.Elapsed < Patience) await Task.Delay(100);

        Console.WriteLine($"{rate:n0} events a second were acknowledged, {visitors.Count:n0} visitors; no request was sent more than {pacer.LatestMs:n0} ms late");
        Console.WriteLine();
        Console.WriteLine("| seconds behind the events | p50 | p95 | p99 | max |");
        Console.WriteLine("|---|---:|---:|---:|---:|");
        Write("cro.results.v1, each experiment", published);
        Write("cro.results.v1, the experiment furthest behind", worst);
        Write("GET results, as the answer came", asked);
        Console.WriteLine();
        cores.Write();
        Console.WriteLine();
        await steps.WriteAsync();
        await experiments.StopAsync();
        return Math.Max(published.Max(), asked.Max()) <= Limit && rate >= 0.98 * settings["rate"] ? 0 : 1;
    }

    private static async Task<(List<double> Each, List<double> Worst)> LookAsync(ResultsWatch watch, Task sending, TimeSpan length)
    {
        var (each, worst) = (new List<double>(), new List<double>());
        using var timer = new PeriodicTimer(Look);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < length && await timer.WaitForNextTickAsync();)
        {
            if (sending.IsCompleted) await sending;
            var behind = watch.Published();
            each.AddRange(behind);
            worst.Add(behind.Max());
            if (worst.Count % 20 == 0) await Console.Error.WriteLineAsync($"{clock.Elapsed.TotalSeconds:0} s: {behind.Average():0.00} s behind, at most {behind.Max():0.00} s");
        }

        return (each, worst);
    }

    private static async Task<List<double>> AskAsync(RunningPlatform platform, IReadOnlyList<string> experiments, ResultsWatch watch, TimeSpan length)
    {
        var behind = new List<double>();
        using var timer = new PeriodicTimer(Look);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < length && await timer.WaitForNextTickAsync();)
        {
            var experiment = behind.Count % experiments.Count;
            var results = await platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{experiments[experiment]}/results");
            behind.Add(watch.Of(experiment, results.GetProperty("exposures").GetInt32()));
        }

        return behind;
    }

    private static void Write(string what, List<double> seconds)
    {
        var sorted = seconds.Order().ToList();
        double At(double quantile) => sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Count) - 1, 0, sorted.Count - 1)];
        Console.WriteLine($"| {what} | {At(0.5):0.00} | {At(0.95):0.00} | {At(0.99):0.00} | {At(1):0.00} |");
    }
}

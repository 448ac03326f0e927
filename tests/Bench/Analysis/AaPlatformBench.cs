using System.Diagnostics;
using CroPlatform.Bench.Statistics;
using CroPlatform.Bench.Traffic;
using CroPlatform.ServiceDefaults;
using CroPlatform.Statistics.PowerAnalysis;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// Experiments without an effect, and some with one, on a whole platform whose clock is simulated: each visitor is in many of them, every result that is
/// published is a look, so that there are some in every simulated hour. Arguments: <c>experiments=</c> (500) always-valid ones of equal arms, <c>planted=</c>
/// (80) fixed and group-sequential ones, <c>visitors=</c> (20 000), <c>each=</c> (50) experiments of equal arms a visitor, <c>days=</c> (7) simulated ones, <c>seed=</c>. Exits with
/// 1 if false verdicts are more than the stated error and three standard errors, planted effects found less often than the designed power less three, an
/// exposure is missing, or an hour after the first one was not looked at.
/// </summary>
internal static class AaPlatformBench
{
    private const double Alpha = 0.05;
    private const double Power = 0.8;

    /// <summary>A group-sequential test with five looks keeps so much of the power of a fixed one of its size.</summary>
    private const double SequentialPower = 0.78;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("experiments", 500), ("planted", 80), ("visitors", 20_000), ("each", 50), ("days", 7), ("seed", 1));
        Console.WriteLine($"aa-platform: {settings}, clock {Environment.GetEnvironmentVariable("CRO_CLOCK_RATE")} times as fast");
        if (Environment.GetEnvironmentVariable("CRO_CLOCK_START") is null) throw new BenchException("the platform's clock must be simulated, and this process must be told the same CRO_CLOCK_ variables");
        var clock = SimulatedClock.FromEnvironment(Environment.GetEnvironmentVariable);
        using var platform = new RunningPlatform();
        var run = $"aa-{Guid.NewGuid().ToString("n")[..6]}";
        var traffic = new AaTraffic(run, settings, clock);
        var (equal, planted) = await StartAsync(platform, traffic, settings, run);
        var watch = new VerdictWatch([.. equal.Keys, .. planted.Keys]);
        await using var tail = await ResultsTail.FollowAsync(platform.Kafka, watch.Take);
        var (began, real) = (clock.GetUtcNow(), Stopwatch.StartNew());
        await traffic.SendAsync(platform);
        var ended = clock.GetUtcNow();
        await planted.StopAsync();
        var missing = await SettledAsync(platform, watch, traffic, equal.Keys, planted.Keys);

        Console.WriteLine($"{traffic.Sent:n0} events in {real.Elapsed.TotalMinutes:0.0} minutes, {(ended - began).TotalHours:0} simulated hours");
        var (first, hours, unseen) = (VerdictWatch.HourOf(began), 0, 0);
        foreach (var experiment in equal.Keys)
        {
            var its = traffic.HoursOf(experiment).Where(hour => hour > first).ToList();
            hours += its.Count;
            unseen += watch.HoursWithoutLook(experiment, its);
        }

        var looks = equal.Keys.Select(watch.Looks).Order().ToList();
        Console.WriteLine($"{looks[looks.Count / 2]} looks at an experiment (median), {unseen} of the {hours:n0} hours in which visitors came without one; {missing} experiments whose exposures are not all there");
        Console.WriteLine();
        Console.WriteLine("| experiments | nominal | measured | Monte-Carlo s.e. | gate |");
        Console.WriteLine("|---|---|---|---|---|");
        var ok = Report.Line("always_valid, equal arms: a verdict at any look", Alpha, equal.Keys.Count(watch.HadVerdict), equal.Keys.Count, Report.Gate.NotAbove);
        Report.Line("always_valid, equal arms: blocked at any look", 0, equal.Keys.Count(watch.WasBlocked), equal.Keys.Count, Report.Gate.None);
        foreach (var (method, power) in new[] { ("fixed", Power), ("group_sequential", SequentialPower) })
        {
            var its = planted.Keys.Where(k => k.Contains(method, StringComparison.Ordinal)).ToList();
            if (its.Count > 0) ok &= Report.Line($"{method}, an effect as planned: it wins", power, its.Count(watch.IsWon), its.Count, Report.Gate.NotBelow);
        }

        return ok && unseen == 0 && missing == 0 ? 0 : 1;
    }

    private static async Task<(SplitExperiments Equal, SplitExperiments Planted)> StartAsync(RunningPlatform platform, AaTraffic traffic, Settings settings, string run)
    {
        var effect = MinimumDetectableEffect.ForProportions(AaTraffic.Baseline, traffic.UnitsAnArm, new PowerOptions { Alpha = Alpha, Power = Power });
        if (!effect.TryGet(out var lift)) throw new BenchException($"no effect can be planned: {effect.Missing!.Value.Text}");
        traffic.Effect = lift;
        Console.WriteLine($"{traffic.UnitsAnArm:n0} units an arm; planted: {AaTraffic.Baseline:P0} become {AaTraffic.Baseline + lift:P1}");
        var (equal, planted) = (new SplitExperiments(platform), new SplitExperiments(platform));
        await MetricAsync(platform, run, AaTraffic.CommonOutcome(run));
        await equal.StartAsync(traffic.Equal, [run], new { method = "always_valid", confidence = 1 - Alpha, min_sample = 500, min_days = 0 });
        foreach (var experiment in traffic.Planted)
        {
            await MetricAsync(platform, experiment, experiment);
            object decision = experiment.Contains("fixed", StringComparison.Ordinal)
                ? new { method = "fixed", confidence = 1 - Alpha, min_sample = 100, min_days = 0 }
                : new { method = "group_sequential", confidence = 1 - Alpha, min_sample = 100, min_days = 0, looks = 5, max_sample = (long)traffic.UnitsAnArm };
            await planted.StartAsync([experiment], [experiment], decision);
        }

        return (equal, planted);
    }

    private static Task<System.Text.Json.JsonElement> MetricAsync(RunningPlatform platform, string key, string @event) => platform.AdminAsync(
        HttpMethod.Post, "/api/v1/metrics", new { key, kind = "conversion", @event, direction = "increase", window_hours = AaTraffic.WindowHours });

    /// <summary>Waits until every exposure is there and the planted ones have their last verdict.</summary>
    /// <returns>Of how many that did not come to pass.</returns>
    private static async Task<int> SettledAsync(RunningPlatform platform, VerdictWatch watch, AaTraffic traffic, IReadOnlyList<string> equal, IReadOnlyList<string> planted)
    {
        bool IsWhole(string e) => watch.Exposures(e) == traffic.UnitsOf(e);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Delay(500))
        {
            if (equal.All(IsWhole) && planted.All(e => IsWhole(e) && watch.IsDecided(e))) break;
            // Asking tells a verdict that time alone has brought as soon as it is due.
            foreach (var open in planted.Where(e => IsWhole(e) && !watch.IsDecided(e)))
            {
                watch.Take(open, await platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{open}/results"));
            }
        }

        return equal.Concat(planted).Count(e => !IsWhole(e));
    }
}

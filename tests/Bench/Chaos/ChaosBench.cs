using System.Diagnostics;
using CroPlatform.Local;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// Faults drawn from a seed under load with a ledger of its own; afterwards everything that was acknowledged must be counted once.
/// <c>--seed N --minutes M</c>: everything there is; <c>--kills N</c>: the gateway alone, so often; <c>--terms N</c>: SIGTERM of each service, so
/// often; <c>--freeze S</c>: the broker alone, so many seconds; <c>--promote N</c>: Postgres's standby takes its place, so often; <c>--older COMMIT</c>:
/// services go to that release and back, for so many minutes;
/// <c>--short 1</c>: each named point and each server once. Ends with 0 only if every rule holds.
/// </summary>
internal static class ChaosBench
{
    private const string NotTaken = "cro_kafka_produced_total{outcome=\"not_taken\"";

    public static async Task<int> RunAsync(string[] words)
    {
        var older = OlderOf(ref words);
        var settings = new Settings(Joined(words), ("seed", 1), ("minutes", 2), ("kills", 0), ("terms", 0), ("short", 0), ("freeze", 0), ("promote", 0), ("rate", 600), ("clients", 6));
        var seed = settings["seed"];
        IReadOnlyList<Fault> schedule = settings switch
        {
            _ when settings["kills"] > 0 => FaultSchedule.Kills(seed, settings["kills"]),
            _ when settings["terms"] > 0 => FaultSchedule.Terms(settings["terms"]),
            _ when settings["freeze"] > 0 => FaultSchedule.Freeze(settings["freeze"]),
            _ when settings["promote"] > 0 => FaultSchedule.Promotions(seed, settings["promote"]),
            _ when older is not null => FaultSchedule.Rolling(seed, TimeSpan.FromMinutes(settings["minutes"])),
            _ when settings["short"] > 0 => FaultSchedule.Short(seed),
            _ => FaultSchedule.Draw(seed, TimeSpan.FromMinutes(settings["minutes"])),
        };
        using var platform = new RunningPlatform();
        Console.WriteLine($"chaos seed={seed}: {schedule.Count} faults");
        foreach (var fault in schedule) Console.WriteLine($"  {fault}");

        var experiments = new ChaosExperiments($"c{seed}-{Environment.ProcessId:x}");
        await experiments.CreateAsync(platform);
        using var release = older is null ? null : OlderRelease.Build(Checkout.Root, older);
        await using var deployment = await Deployment.StartAsync(platform, seed);
        if (release is not null) deployment.Attach(release);
        var ledger = new Ledger();
        var injector = new FaultInjector(platform, deployment, ledger);
        await injector.PoisonAsync();
        var log = new FaultLog();
        using (var load = new ChaosLoad(platform, deployment.Ways, experiments, ledger))
        {
            load.Start(seed, settings["clients"], settings["rate"]);
            await InjectAsync(schedule, injector, log);
            await deployment.HealAsync();
            await load.StopAsync();
        }

        var check = new LedgerCheck(platform, deployment, experiments, ledger, injector.PoisonedFacts);
        await check.RunAsync();
        if (settings["terms"] > 0) check.NoneAnsweredBadly();
        ChaosReport.Write(seed, log, ledger, check, deployment);
        Console.WriteLine($"full producer queue    {await platform.MetricAsync(deployment.Second, NotTaken):n0} records of the second gateway since it started last");
        return check.Broken.Count == 0 ? 0 : 1;
    }

    private static async Task InjectAsync(IReadOnlyList<Fault> schedule, FaultInjector injector, FaultLog log)
    {
        var clock = Stopwatch.StartNew();
        foreach (var fault in schedule)
        {
            if (fault.At > clock.Elapsed) await Task.Delay(fault.At - clock.Elapsed);
            await Console.Error.WriteLineAsync($"{clock.Elapsed.TotalSeconds,7:0.0} s  {fault.Kind} {fault.Target} {fault.Detail}");
            log.Note(fault.Kind, await injector.RunAsync(fault));
        }

        log.Length = clock.Elapsed;
    }

    /// <summary>Takes <c>--older COMMIT</c> out of the words: it is the only one that is not a number.</summary>
    private static string? OlderOf(ref string[] words)
    {
        var at = Array.IndexOf(words, "--older");
        if (at < 0) return null;
        if (at + 1 == words.Length) throw new BenchException("--older needs a commit");
        var commit = words[at + 1];
        words = [.. words[..at], .. words[(at + 2)..]];
        return commit;
    }

    /// <summary><c>--seed 1</c> and <c>seed=1</c> are the same.</summary>
    private static string[] Joined(string[] words)
    {
        var joined = new List<string>();
        for (var i = 0; i < words.Length; i++)
        {
            if (!words[i].StartsWith("--", StringComparison.Ordinal)) joined.Add(words[i]);
            else if (words[i].Contains('=') || i + 1 == words.Length) joined.Add(words[i][2..]);
            else joined.Add($"{words[i][2..]}={words[++i]}");
        }

        return [.. joined];
    }
}

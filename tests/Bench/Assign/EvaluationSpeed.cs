using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CroPlatform.Bench.Ceilings;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Bench.Assign;

/// <summary>
/// Decisions in one process on one thread, next to GrowthBook's JavaScript SDK on the same payload: <c>evaluation [experiments=N seconds=N]</c>.
/// What a decision is: one named experiment with targeting, for a unit that is another one each time; its attributes are there as parsed JSON,
/// as the SDK has them as an object.
/// </summary>
internal static class EvaluationSpeed
{
    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("experiments", 100));
        using var attributes = JsonDocument.Parse(RunningExperiments.Attributes);
        var keys = Enumerable.Range(0, settings["experiments"]).Select(i => $"experiment-{i}").ToArray();
        var rules = keys.Aggregate(SiteRules.Empty, (r, key) => r.With(Running(key)));
        var units = Enumerable.Range(0, 4_096).Select(i => $"visitor-{i}").ToArray();
        var context = new EvaluationContext { Attributes = attributes.RootElement, Time = DateTimeOffset.UnixEpoch };

        Rate(rules, keys, units, context, settings.Length);
        var (perSecond, bytes) = Rate(rules, keys, units, context, settings.Length);
        var payload = JsonDocument.Parse(SdkPayload.Write(rules, DateTimeOffset.UnixEpoch)).RootElement;
        var peer = JsonDocument.Parse(await NodePeer.RunAsync("growthbook-speed.mjs", JsonSerializer.Serialize(
            new { payload, features = keys, attributes = attributes.RootElement, seconds = settings.Length.TotalSeconds }))).RootElement;

        Console.WriteLine($"{settings}; one thread");
        Console.WriteLine();
        Console.WriteLine("| | decisions/s | bytes allocated a decision | ÷ GrowthBookClient |");
        Console.WriteLine("|---|---:|---:|---:|");
        var client = peer.GetProperty("client").GetDouble();
        Console.WriteLine($"| SiteRules.Decide | {perSecond:n0} | {bytes:0.0} | {perSecond / client:0.0} |");
        Console.WriteLine($"| @growthbook/growthbook, GrowthBookClient | {client:n0} | – | 1.0 |");
        var instance = peer.GetProperty("instance").GetDouble();
        Console.WriteLine($"| @growthbook/growthbook, one GrowthBook whose attributes change | {instance:n0} | – | {instance / client:0.0} |");
        return 0;
    }

    private static (double PerSecond, double Bytes) Rate(SiteRules rules, string[] keys, string[] units, EvaluationContext context, TimeSpan window)
    {
        var (decided, inside) = (0L, 0L);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < window)
        {
            for (var i = 0; i < 500; i++, decided++)
            {
                var decision = rules.Decide(keys[decided % keys.Length], context with { VisitorId = units[decided % units.Length] });
                if (decision.InExperiment) inside++;
            }
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return inside == decided ? (decided / seconds, allocated / (double)decided) : throw new BenchException("somebody was left out");
    }

    private static Experiment Running(string key) => new()
    {
        Site = "bench",
        Key = key,
        Version = 1,
        EffectiveMs = 0,
        Status = ExperimentStatus.Running,
        Variants = [new Variant("control", "control"), new Variant("treatment", "treatment")],
        Phases =
        [
            new Phase
            {
                Index = 0,
                Weights = [0.5, 0.5],
                Seed = key,
                TargetingJson = Encoding.UTF8.GetBytes(RunningExperiments.TargetingJson),
                Periods = [new Period(0, 0)],
            },
        ],
    };
}

using CroPlatform.Bench.Load;

namespace CroPlatform.Bench;

/// <summary>One thing that is measured, and under what name it is told.</summary>
internal sealed record Stage(string Name, Func<Task<Measurement>> RunAsync);

/// <summary>
/// Stages measured in turn, so often that a disturbance of the machine meets all of them alike. Round 0 is thrown away: until the runtime
/// has compiled a service for speed, which takes it seconds under load on a busy machine, it serves a third of what it does then.
/// </summary>
internal static class Rounds
{
    /// <summary>The median round of each stage, by its rate.</summary>
    /// <param name="settle">Run after each stage, that nothing it left to do disturbs the next.</param>
    /// <exception cref="BenchException">An answer was not the wanted one.</exception>
    public static async Task<IReadOnlyDictionary<string, Measurement>> RunAsync(Settings settings, IReadOnlyList<Stage> stages, Func<Task> settle)
    {
        var results = stages.ToDictionary(s => s.Name, _ => new List<Measurement>());
        for (var round = 0; round <= settings.Rounds; round++)
        {
            foreach (var stage in stages)
            {
                var measured = await stage.RunAsync();
                if (round > 0) results[stage.Name].Add(measured);
                await Console.Error.WriteLineAsync($"round {round}: {stage.Name}: {measured.RequestsPerSecond:n0} requests/s");
                if (measured.Failures > 0) throw new BenchException($"{stage.Name}: {measured.Failures} answers were not the wanted ones");
                await settle();
            }
        }

        return results.ToDictionary(r => r.Key, r => r.Value.OrderBy(m => m.RequestsPerSecond).ElementAt((r.Value.Count - 1) / 2));
    }
}

/// <summary>Results as lines of a Markdown table.</summary>
internal static class Table
{
    public static void Write(IReadOnlyList<Stage> stages, IReadOnlyDictionary<string, Measurement> results, string work, params IReadOnlyList<(string Title, string Stage)> ceilings)
    {
        Console.WriteLine($"| | requests/s | {work}/s | p50 ms | p95 ms | p99 ms | max ms | server's cores | {work} per core-second |{string.Concat(ceilings.Select(c => $" ÷ {c.Title} |"))}");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---:|", 8 + ceilings.Count))}");
        foreach (var stage in stages)
        {
            var m = results[stage.Name];
            Console.WriteLine(
                $"| {stage.Name} | {m.RequestsPerSecond:n0} | {m.WorkPerSecond:n0} | {m.LatencyMs(0.5):0.0} | {m.LatencyMs(0.95):0.0} | {m.LatencyMs(0.99):0.0} | {m.LatencyMs(1):0.0} "
                + $"| {Known(m.Cores, "0.00")} | {Known(m.WorkPerCpuSecond, "n0")} |{string.Concat(ceilings.Select(c => $" {m.WorkPerSecond / results[c.Stage].WorkPerSecond:0.00} |"))}");
        }

        Console.WriteLine();
    }

    private static string Known(double value, string format) => double.IsFinite(value) ? value.ToString(format) : "–";
}

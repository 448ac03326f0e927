using CroPlatform.Bench.Load;

namespace CroPlatform.Bench.Control;

/// <summary>
/// The control plane's lists with many experiments and a long audit log, next to an endpoint that checks the same key and answers constants.
/// </summary>
internal static class ControlBench
{
    private const string Trivial = "GET /api/v1/ready-metrics (constants)";
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 8 };

    private static readonly string[] Lists =
    [
        "/api/v1/experiments", "/api/v1/experiments?limit=1000", "/api/v1/experiments?search=bench&sort=-created_at", "/api/v1/metrics", "/api/v1/saved-groups", "/api/v1/templates",
        "/api/v1/audit", "/api/v1/audit?limit=1000", "/api/v1/audit?subject_kind=metric&limit=100", "/api/v1/keys", "/api/v1/users", "/api/v1/sites", "/api/v1/webhooks",
    ];

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("experiments", 1_000), ("audit", 10_000), ("connections", 4));
        using var platform = new RunningPlatform();
        await FillAsync(platform, settings["experiments"], settings["audit"]);

        var server = platform.Http("experiments");
        Stage Get(string name, string path) => new(name, () => HttpLoad.RunAsync(
            settings, server, settings["connections"], HttpLoad.Get(path, $"Bearer {platform.AdminKey}"), 1, reply => reply.Status == 200 ? 1 : -1, () => platform.CpuSecondsAsync(server)));
        List<Stage> stages = [Get(Trivial, "/api/v1/ready-metrics"), .. Lists.Select(path => Get("GET " + path, path))];
        var results = await Rounds.RunAsync(settings, stages, () => Task.CompletedTask);
        Console.WriteLine($"control {settings}");
        Table.Write(stages, results, "answers", ("constants", Trivial));
        var slow = stages.Where(s => results[s.Name].LatencyMs(0.99) >= 100).Select(s => s.Name).ToList();
        Console.WriteLine(slow.Count == 0 ? "every list answered in under 100 ms at the 99th percentile" : $"100 ms or more at the 99th percentile: {string.Join(", ", slow)}");
        return 0;
    }

    /// <summary>Makes experiments, and changes a metric until the audit log is as long as it is to be.</summary>
    private static async Task FillAsync(RunningPlatform platform, int experiments, int audit)
    {
        var run = $"bench-{Guid.NewGuid().ToString("n")[..8]}";
        object Metric(int weight) => new { key = run, kind = "conversion", @event = "purchase", direction = "increase", name = $"Version {weight}" };
        await platform.AdminAsync(HttpMethod.Post, "/api/v1/metrics", Metric(0));
        await Parallel.ForEachAsync(Enumerable.Range(0, experiments), AtOnce, async (i, _) => await platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
        {
            key = $"{run}-{i}",
            name = $"Experiment {i}",
            variants = new[] { new { key = "control", weight = 0.5 }, new { key = "treatment", weight = 0.5 } },
            metrics = new[] { new { key = run } },
        }));
        var verified = await platform.AdminAsync(HttpMethod.Get, "/api/v1/audit/verify");
        var missing = Math.Max(0, audit - (int)verified.GetProperty("rows").GetInt64());
        await Parallel.ForEachAsync(Enumerable.Range(1, missing), AtOnce, async (i, _) => await platform.AdminAsync(HttpMethod.Put, $"/api/v1/metrics/{run}", Metric(i)));
        await Console.Error.WriteLineAsync($"made {experiments} experiments and {missing} rows of the audit log");
    }
}

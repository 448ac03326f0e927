namespace CroPlatform.Bench.Chaos;

/// <summary>The experiments of a run: by visitor and by user with variants given elsewhere, and one whose variants the platform gives.</summary>
internal sealed record ChaosExperiments(string Run)
{
    private static readonly string[] Kinds = ["conversion", "count", "sum"];

    public IReadOnlyList<string> Variants { get; } = ["a", "b", "c"];
    public string ByVisitor => $"{Run}-visitor";
    public string ByUser => $"{Run}-user";
    public string ByPlatform => $"{Run}-platform";
    public string Purchase => $"{Run}-bought";
    public IReadOnlyList<string> All => [ByVisitor, ByUser, ByPlatform];

    /// <summary>The metrics' keys, in the order that the experiments name them.</summary>
    public IReadOnlyList<string> Metrics => [.. Kinds.Select(k => $"{Run}-{k}")];

    public async Task CreateAsync(RunningPlatform platform)
    {
        foreach (var kind in Kinds)
        {
            await platform.AdminAsync(HttpMethod.Post, "/api/v1/metrics", new { key = $"{Run}-{kind}", kind, @event = Purchase, direction = "increase" });
        }

        foreach (var (key, unit, assignment) in new[] { (ByVisitor, "visitor", "external"), (ByUser, "user", "external"), (ByPlatform, "visitor", "platform") })
        {
            await platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
            {
                key,
                name = key,
                unit,
                assignment,
                variants = Variants.Select(v => new { key = v, name = v, weight = 1.0 / Variants.Count }),
                metrics = Metrics.Select(m => new { key = m }),
            });
            await platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/start");
        }
    }
}

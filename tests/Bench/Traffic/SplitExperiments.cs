using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Bench.Traffic;

/// <summary>Experiments in two halves that the platform itself assigns, started through its API. Their seeds are known, so a unit's variant is, too.</summary>
internal sealed class SplitExperiments(RunningPlatform platform)
{
    public const string Control = "control";
    public const string Treatment = "treatment";

    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 4 };
    private static readonly BucketRanges Halves = BucketRanges.Of([0.5, 0.5], 1);

    private readonly List<string> _keys = [];

    public IReadOnlyList<string> Keys => _keys;

    /// <summary>Adds them and starts them.</summary>
    /// <param name="metrics">Keys of metrics.</param>
    public async Task StartAsync(IReadOnlyCollection<string> keys, IEnumerable<string> metrics, object decision)
    {
        var references = metrics.Select(m => new { key = m }).ToList();
        await Parallel.ForEachAsync(keys, AtOnce, async (key, _) =>
        {
            await platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
            {
                key,
                seed = key,
                variants = new[] { new { key = Control, weight = 0.5 }, new { key = Treatment, weight = 0.5 } },
                metrics = references,
                decision,
            });
            await platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/start");
        });
        _keys.AddRange(keys);
    }

    public Task StopAsync() => Parallel.ForEachAsync(
        _keys, AtOnce, async (key, _) => await platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/stop"));

    public static bool IsTreated(string experiment, string unit) => Halves.VariantAt(Bucket.Position(Bucket.Of(experiment, unit))) == 1;

    public static string VariantOf(string experiment, string unit) => IsTreated(experiment, unit) ? Treatment : Control;
}

namespace CroPlatform.Platform.Tests;

/// <summary>The log is the truth: an experiment computed again from it is the same to the last digit.</summary>
public sealed class ReplayTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Replay_OfAnExperimentWithLateNewsAndCopies_IsEqual()
    {
        var key = TestPlatform.Unique("replayed");
        await Platform.CreateMetricAsync(key, "sum", key);
        await Platform.CreateMetricAsync($"{key}-q", "quantile", key, new { q = 0.5 });
        var soon = DateTimeOffset.UtcNow.AddSeconds(20);
        await Platform.SendEventsAsync([new { id = $"{key}-early", type = "exposure", visitor_id = $"{key}-0", experiment = key, variant = "a", timestamp = soon }]);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], key, $"{key}-q");
        var random = new Random(3);
        var events = Enumerable.Range(1, 400).SelectMany(i => (object[])
        [
            new { id = $"{key}-p{i}", type = key, visitor_id = $"{key}-{i}", value = random.Next(1, 100_000) / 100m, timestamp = soon.AddSeconds(i % 7) },
            new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-{i}", experiment = key, variant = i % 2 == 0 ? "a" : "b", timestamp = soon },
        ]).ToArray();
        random.Shuffle(events);
        await Platform.SendEventsAsync(events);
        await Platform.SendEventsAsync(events[..100]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 401, "every unit is counted");
        await Platform.CroAsync("replay", key);
    }
}

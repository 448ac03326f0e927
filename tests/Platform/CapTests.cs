using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>A cap at a percentile, from the metric's definition to results that the log gives again.</summary>
public sealed class CapTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task PercentileCap_OnceThereAreUnitsEnough_IsPinnedAndReplays()
    {
        var key = TestPlatform.Unique("capped");
        await Platform.CreateMetricAsync(key, "sum", key, new { cap_percentile = 0.95, window_hours = 0.5 });
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], key);
        var now = DateTimeOffset.UtcNow;
        await SendAsync(1, 500);
        var few = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 500, "the first units are counted");
        Assert.That(few["metrics"]![0]!["cap"]!.ToJsonString(), Is.EqualTo("""{"value":null,"percentile":0.95}"""));
        Assert.That(few["warnings"]!.AsArray().Select(w => (string?)w!["code"]), Does.Contain("cap_not_frozen"));
        Assert.That((double)few["metrics"]![0]!["variants"]!.AsArray().Sum(v => (double)v!["sum"]!), Is.EqualTo(500 * 501 / 2), "nothing is capped");

        await SendAsync(501, 1_000);
        var frozen = await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key), r => (double?)r["metrics"]![0]!["cap"]!["value"] == 950 && (long)r["exposures"]! == 1_000, "the cap is taken and published, and everybody counted anew");
        Assert.That(Sum(frozen), Is.EqualTo(950 * 951 / 2 + 50 * 950));
        Assert.That(frozen["warnings"]!.AsArray().Select(w => (string?)w!["code"]), Does.Not.Contain("cap_not_frozen"));
        var entry = (await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/audit?action=experiment.caps_frozen&subject={key}"))["entries"]!.AsArray().Single()!;
        Assert.That((string?)entry["reason"], Is.EqualTo($"{key} is capped at 950, percentile 0.95 of 1000 units of all variants"));
        Assert.That((string?)entry["actor"], Is.EqualTo("system:statistics"));
        await Platform.CroAsync("replay", key);

        // Later units change nothing about the cap.
        await SendAsync(1_001, 1_100);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => Sum(r) == 950 * 951 / 2 + 150 * 950, "later units are cut at the same value");

        static double Sum(JsonNode results) => results["metrics"]![0]!["variants"]!.AsArray().Sum(v => (double)v!["sum"]!);

        Task SendAsync(int from, int to) => Platform.SendEventsAsync([.. Enumerable.Range(from, to - from + 1).SelectMany(i => (object[])
        [
            new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-{i}", experiment = key, variant = i % 2 == 0 ? "a" : "b", timestamp = now },
            new { id = $"{key}-p{i}", type = key, visitor_id = $"{key}-{i}", value = i, timestamp = now },
        ])]);
    }
}

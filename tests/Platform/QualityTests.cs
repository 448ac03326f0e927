namespace CroPlatform.Platform.Tests;

/// <summary>What lies beside the results: provisional figures at once, exclusions by phase, results with and without excluded classes.</summary>
public sealed class QualityTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Quality_OfTwoPhases_TellsExclusionsOfEachAndBothWaysOfCounting()
    {
        var key = TestPlatform.Unique("quality");
        await Platform.CreateMetricAsync(key, "conversion", key, new { window_hours = 1 });
        await Platform.PublishAsync(key, key, new { assignment = "external", coverage = 0.5, variants = new[] { new { key = "a" }, new { key = "b" } } });
        await ShowAsync("first", units: 40, crossed: 2);
        var live = await TestPlatform.EventuallyAsync(
            () => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/results/live"),
            r => r["variants"]!.AsArray().Sum(v => (long)v!["units"]!) == 38, "provisional figures are there");
        Assert.That((bool)live["provisional"]!, Is.True);
        Assert.That((double)live["variants"]![1]!["metrics"]![0]!["mean"]!, Is.EqualTo(1));
        Assert.That((double)live["variants"]![1]!["metrics"]![0]!["lift"]!, Is.EqualTo(19.0 / 9 - 1).Within(1e-9));
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 38, "the first phase is counted");
        await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/phases", new { coverage = 1 });
        await ShowAsync("second", units: 60, crossed: 4);
        var quality = await TestPlatform.EventuallyAsync(
            () => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/results/quality"),
            q => (long?)q["waterfall"]?["analysed_units"] == 94, "both phases are surveyed");
        Assert.That(quality["exclusions_by_phase"]!.AsArray().Select(p => (p!["analysed"]!.ToJsonString(), p["crossovers"]!.ToJsonString())),
            Is.EqualTo(new[] { ("[19,19]", "[1,1]"), ("[28,28]", "[2,2]") }));
        var crossovers = quality["with_class"]!.AsArray().Single(c => (string?)c!["class"] == "crossover")!;
        Assert.That((long)crossovers["units"]!, Is.EqualTo(6));
        Assert.That(crossovers["variants"]!.AsArray().Select(v => (long)v!["n"]!), Is.EqualTo(new[] { 50, 50 }));
        Assert.That(crossovers["without"]!.AsArray().Select(v => (long)v!["n"]!), Is.EqualTo(new[] { 47, 47 }));
        await Platform.TransitAsync(key, "stop");
        await TestPlatform.EventuallyAsync(
            () => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/results/live"), r => (string?)r["missing"]!["variants"] == "not_running", "nothing is provisional any more");

        // The first units of a phase are seen in both variants; every other one of a converts, and all of b.
        Task ShowAsync(string prefix, int units, int crossed)
        {
            var now = DateTimeOffset.UtcNow;
            return Platform.SendEventsAsync([.. Enumerable.Range(0, units).SelectMany(Visit)]);

            IEnumerable<object> Visit(int i)
            {
                var (visitor, own) = ($"{key}-{prefix}-{i}", i % 2 == 0 ? "a" : "b");
                yield return new { id = $"{visitor}-x", type = "exposure", visitor_id = visitor, experiment = key, variant = own, timestamp = now };
                if (i < crossed) yield return new { id = $"{visitor}-y", type = "exposure", visitor_id = visitor, experiment = key, variant = own == "a" ? "b" : "a", timestamp = now.AddMilliseconds(1) };
                if (i % 2 == 1 || i % 4 == 0) yield return new { id = $"{visitor}-c", type = key, visitor_id = visitor, timestamp = now.AddMilliseconds(2) };
            }
        }
    }
}

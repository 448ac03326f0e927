using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;

namespace CroPlatform.Platform.Tests;

/// <summary>Every count and sum equals an independent tally, whatever is killed meanwhile and however often clients repeat themselves.</summary>
public sealed class ExactCountTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Counts_ServicesKilledUnderLoadAndClientsRetrying_AreExact([Values(1, 2)] int seed)
    {
        var load = new RetryingLoad(Platform, seed);
        await load.SetUpAsync();
        var traffic = Task.WhenAll(load.ExternalAsync(), load.PlatformAsync());
        var random = new Random(seed);
        for (var kill = 0; kill < 8 && !traffic.IsCompleted; kill++)
        {
            var victim = new[] { "statistics", "ingestion", "broker", "assignment" }[kill % 4];
            await Platform.CroAsync("kill", victim);
            await Platform.CroAsync("up");
            // A moment of work between kills, at a seeded time; how long it is decides nothing but where the next one falls.
            await Task.WhenAny(traffic, Task.Delay(random.Next(200, 1_200)));
        }

        await traffic;
        await load.AssertCountsAsync();
    }

    [Test]
    public async Task Counts_ExposureBeforeItsExperimentIsKnown_AreHeldThenCounted()
    {
        var key = TestPlatform.Unique("early");
        var metric = TestPlatform.Unique("m");
        await Platform.CreateMetricAsync(metric, "count", metric);
        // The experiment starts after these were sent; they happen, by their own clock, a little later than its start.
        var soon = DateTimeOffset.UtcNow.AddSeconds(30);
        await Platform.SendEventsAsync(
        [
            new { id = $"{key}-p", type = metric, visitor_id = key, timestamp = soon.AddSeconds(1) },
            new { id = $"{key}-x", type = "exposure", visitor_id = key, experiment = key, variant = "b", timestamp = soon },
            new { id = $"{key}-x", type = "exposure", visitor_id = key, experiment = key, variant = "b", timestamp = soon },
        ]);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], metric);
        var results = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 1, "the held exposure is counted");
        Assert.That((double)results["metrics"]![0]!["variants"]![1]!["sum"]!, Is.EqualTo(1));
    }

    [Test]
    public async Task Counts_ForgedExposure_IsMismatchedAndLeftOut()
    {
        var key = TestPlatform.Unique("forged");
        var metric = TestPlatform.Unique("m");
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        await Platform.StartExperimentAsync(key, "platform", ["a", "b"], metric);
        var answer = await TestPlatform.EventuallyAsync(
            async () => (await Platform.Assignments.AssignAsync(new AssignRequest { UnitId = key, Experiments = { key } })).Assignments[0],
            a => a.InExperiment, "the experiment reaches assignment");
        var forged = answer.Variant == "a" ? "b" : "a";
        await Platform.SendEventsAsync([new { id = $"{key}-x", type = "exposure", visitor_id = key, experiment = key, variant = forged }]);
        var results = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["mismatched_units"]! == 1, "the mismatch is counted");
        Assert.That((long)results["exposures"]!, Is.Zero);
    }

    [Test]
    public async Task Assign_WithExpose_RecordsTheExposureOnce()
    {
        var key = TestPlatform.Unique("expose");
        var metric = TestPlatform.Unique("m");
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        await Platform.StartExperimentAsync(key, "platform", ["a", "b", "c"], metric);
        var request = new AssignRequest { UnitId = $"{key}-u", Experiments = { key }, Expose = true };
        var first = await TestPlatform.EventuallyAsync(
            async () => (await Platform.Assignments.AssignAsync(request)).Assignments[0], a => a.InExperiment, "the experiment reaches assignment");
        var again = (await Platform.Assignments.AssignAsync(request)).Assignments[0];
        Assert.That(again.Variant, Is.EqualTo(first.Variant));
        Assert.That(first.Propensity, Is.EqualTo(1 / 3.0).Within(1e-12));
        var results = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! > 0, "the exposure is counted");
        var arm = results["metrics"]![0]!["variants"]!.AsArray().Single(v => (string)v!["key"]! == first.Variant)!;
        Assert.That((long)arm["n"]!, Is.EqualTo(1));
        Assert.That((long)results["exposures"]!, Is.EqualTo(1));
    }

    [Test]
    public async Task Outcomes_AfterTheStop_AreLeftOut()
    {
        var key = TestPlatform.Unique("stopped");
        var metric = TestPlatform.Unique("m");
        await Platform.CreateMetricAsync(metric, "count", metric);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], metric);
        await Platform.SendEventsAsync(
        [
            new { id = $"{key}-x", type = "exposure", visitor_id = key, experiment = key, variant = "a" },
            new { id = $"{key}-1", type = metric, visitor_id = key, timestamp = DateTimeOffset.UtcNow.AddMinutes(10) },
        ]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => Sum(r) == 1, "it counts while the experiment runs");
        await Platform.TransitAsync(key, "stop");
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => Sum(r) == 0 && (long)r["exposures"]! == 1, "an outcome after the stop is taken out");

        static double Sum(JsonNode results) => (double)results["metrics"]![0]!["variants"]![0]!["sum"]!;
    }
}

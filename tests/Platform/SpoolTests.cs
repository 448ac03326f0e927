using System.Net;
using System.Net.Http.Json;

namespace CroPlatform.Platform.Tests;

/// <summary>Events are taken while the log is away, and counted once when it is back.</summary>
public sealed class SpoolTests
{
    private const int Visitors = 300;
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [SetUp]
    public void NeedALogOfOurOwn()
    {
        if (Environment.GetEnvironmentVariable("CRO_KAFKA") is { Length: > 0 })
            Assert.Ignore("the Kafka that CRO_KAFKA names is not ours to kill");
    }

    [TearDown]
    public Task UpAsync() => Platform.CroAsync("up");

    [Test]
    public async Task Events_WhileTheBrokerIsDead_AreTakenAndCountedOnce()
    {
        var key = TestPlatform.Unique("spool");
        await Platform.CreateMetricAsync(key, "sum", key);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], key);
        await SendAsync(key, 0, Visitors);
        await Platform.CroAsync("kill", "broker");

        // Half of them were sent before: retries that the log knows already.
        await SendAsync(key, Visitors / 2, Visitors);
        await SendAsync(key, Visitors, 2 * Visitors);

        await Platform.CroAsync("up");
        var results = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! >= 2 * Visitors, "the spool drains");
        var arms = results["metrics"]![0]!["variants"]!.AsArray();
        Assert.That(arms.Sum(v => (long)v!["n"]!), Is.EqualTo(2 * Visitors));
        await TestPlatform.EventuallyAsync(
            async () => (await Platform.ResultsAsync(key))["metrics"]![0]!["variants"]!.AsArray().Sum(v => (double)v!["sum"]!),
            sum => sum == 2 * Visitors * 1.25,
            "each purchase counts once");
    }

    [Test]
    public async Task Events_GatewayKilledWithAFullSpool_AreCountedAfterItsRestart()
    {
        var key = TestPlatform.Unique("spool");
        await Platform.CreateMetricAsync(key, "sum", key);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], key);
        await Platform.CroAsync("kill", "broker");
        await SendAsync(key, 0, Visitors);
        await Platform.CroAsync("kill", "ingestion");

        await Platform.CroAsync("up");
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == Visitors, "the spool drains after a restart");
    }

    /// <summary>An exposure and a purchase of each visitor, in one request, which must be taken at once.</summary>
    private static async Task SendAsync(string key, int from, int to)
    {
        var now = DateTimeOffset.UtcNow;
        var events = Enumerable.Range(from, to - from).SelectMany(i => new object[]
        {
            new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-{i}", experiment = key, variant = i % 2 == 0 ? "a" : "b", timestamp = now },
            new { id = $"{key}-p{i}", type = key, visitor_id = $"{key}-{i}", value = 1.25, timestamp = now.AddMilliseconds(1) },
        });
        using var response = await Platform.SendAsync(HttpMethod.Post, "/v1/events", Platform.WriteKey, JsonContent.Create(new { events }));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Accepted), await response.Content.ReadAsStringAsync());
    }
}

using System.Net;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>Two running experiments that interact: found on demand, and named in the results of both.</summary>
public sealed class InteractionTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Interaction_OfTwoExperiments_IsReportedAndWarnedOf()
    {
        var (key, banner, checkout) = (TestPlatform.Unique("bought"), TestPlatform.Unique("banner"), TestPlatform.Unique("checkout"));
        await Platform.CreateMetricAsync(key, "conversion", key);
        await Platform.StartExperimentAsync(banner, "external", ["a", "b"], key);
        await Platform.StartExperimentAsync(checkout, "external", ["a", "b"], key);
        var now = DateTimeOffset.UtcNow;
        // 20 % convert, but 60 % of those who see both treatments.
        for (var from = 0; from < 1_200; from += 300) await Platform.SendEventsAsync([.. Enumerable.Range(from, 300).SelectMany(Visit)]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(checkout), r => (long)r["exposures"]! == 1_200, "all are counted");
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(banner), r => (long)r["exposures"]! == 1_200, "all are counted");

        using (var asked = await Platform.SendAsync(HttpMethod.Post, "/api/v1/interactions", Platform.AdminKey)) Assert.That(asked.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        var report = await TestPlatform.EventuallyAsync(
            () => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/interactions?experiment={banner}"), r => r["interactions"]!.AsArray().Any(IsOurs), "the pair is tested");
        var found = report["interactions"]!.AsArray().First(IsOurs)!;
        Assert.That(((bool)found["found"]!, (string?)found["metric"], (long)found["units"]!), Is.EqualTo((true, key, 1_200L)));
        Assert.That(found["effects"]!.AsArray().Select(e => (double)e!["difference"]!), Is.EqualTo(new[] { 0, 0.4 }).Within(1e-9));
        Assert.That(report["dependences"]!.AsArray().Where(d => (string?)d!["other"] == checkout).Select(d => (bool)d!["found"]!), Has.None.True);
        foreach (var experiment in (string[])[banner, checkout])
        {
            var warnings = (await Platform.ResultsAsync(experiment))["warnings"]!.AsArray();
            var warning = warnings.Single(w => (string?)w!["code"] == "interaction" && ((string)w["text"]!).StartsWith(key, StringComparison.Ordinal))!;
            Assert.That((string?)warning["text"], Does.Contain(experiment == banner ? checkout : banner));
        }

        bool IsOurs(JsonNode? found) => ((string?)found!["first"], (string?)found["second"]) == (banner, checkout);

        IEnumerable<object> Visit(int i)
        {
            var (first, second, turn) = (i % 2, i / 2 % 2, i / 4 % 10);
            yield return new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-{i}", experiment = banner, variant = first == 0 ? "a" : "b", timestamp = now };
            yield return new { id = $"{key}-y{i}", type = "exposure", visitor_id = $"{key}-{i}", experiment = checkout, variant = second == 0 ? "a" : "b", timestamp = now };
            if (turn < (first + second == 2 ? 6 : 2)) yield return new { id = $"{key}-c{i}", type = key, visitor_id = $"{key}-{i}", timestamp = now };
        }
    }
}

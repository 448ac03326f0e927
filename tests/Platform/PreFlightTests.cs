using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>What is told before a start, out of real traffic; and experiments that travel as files.</summary>
public sealed class PreFlightTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task PreFlight_AfterTraffic_PlansFromIt()
    {
        var (key, outcome) = (TestPlatform.Unique("planned"), TestPlatform.Unique("ordered"));
        await Platform.CreateMetricAsync(key, "conversion", outcome);
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
        {
            key,
            variants = new[] { new { key = "a" }, new { key = "b" } },
            metrics = new[] { new { key } },
            decision = new { min_effect = 0.1 },
        });
        await Platform.SendEventsAsync([.. Enumerable.Range(0, 200).SelectMany(i => new object[]
        {
            new { type = "page_view", visitor_id = $"{key}-{i}" },
            new { type = i % 4 == 0 ? outcome : "nothing", visitor_id = $"{key}-{i}" },
        })]);
        var report = await TestPlatform.EventuallyAsync(
            () => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/pre-flight"),
            r => (double?)r["traffic"]?["units_per_day"] >= 200 && (double?)r["power"]![0]!["baseline"] > 0,
            "200 units in the traffic");
        Assert.That((bool)report["ready"]!, Is.True);
        Assert.That((double)report["power"]![0]!["units"]!, Is.GreaterThan(1_000));
        Assert.That(report["checks"]!.AsArray().Select(c => (string?)c!["code"]), Does.Contain("no_guardrail"));
        Assert.That(report["risk"]!["reasons"]!.AsArray().Select(r => (string?)r!["code"]), Is.SupersetOf(new[] { "traffic_share", "no_guardrail" }));
    }

    [Test]
    public async Task ExportedExperiment_ImportedUnderAnotherKey_IsTheSameButForIt()
    {
        var (key, copy) = (TestPlatform.Unique("exported"), TestPlatform.Unique("imported"));
        await Platform.CreateMetricAsync(key, "sum", "purchase");
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
        {
            key,
            coverage = 0.5,
            variants = new object[] { new { key = "a" }, new { key = "b", config = new { text = "x" } } },
            metrics = new[] { new { key } },
        });
        var file = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/export?experiment={key}");
        Assert.That(file["metrics"]!.AsArray().Single()!["key"]!.GetValue<string>(), Is.EqualTo(key));
        file["experiments"]![0]!["key"] = copy;
        var planned = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/import?dry_run=true", file);
        Assert.That(Steps(planned), Is.EqualTo(new[] { ("metric", key, "unchanged"), ("experiment", copy, "create") }));
        using (var notThere = await Platform.SendAsync(HttpMethod.Get, $"/api/v1/experiments/{copy}", Platform.AdminKey))
        {
            Assert.That(notThere.StatusCode, Is.EqualTo(HttpStatusCode.NotFound), "a dry run changes nothing");
        }

        Assert.That(Steps(await Platform.AdminAsync(HttpMethod.Post, "/api/v1/import", file)), Is.EqualTo(Steps(planned)));
        var made = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{copy}");
        Assert.That(((string?)made["status"], (double)made["coverage"]!, (string?)made["variants"]![1]!["config"]!["text"]), Is.EqualTo(("draft", 0.5, "x")));
        Assert.That(Steps(await Platform.AdminAsync(HttpMethod.Post, "/api/v1/import", file)).Select(s => s.Item3), Is.All.EqualTo("unchanged"), "again changes nothing");

        await Platform.TransitAsync(copy, "start");
        file["experiments"]![0]!["coverage"] = 0.6;
        using var refused = await Platform.SendAsync(HttpMethod.Post, "/api/v1/import", Platform.AdminKey, JsonContent.Create(file));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["field"], Is.EqualTo("experiments[0]"));
    }

    private static List<(string?, string?, string?)> Steps(JsonNode answer) =>
        [.. answer["steps"]!.AsArray().Select(s => ((string?)s!["kind"], (string?)s["key"], (string?)s["action"]))];
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>GrowthBook's own SDK, unmodified: its payload, its live updates and its remote evaluation.</summary>
public sealed class GrowthBookTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private string _metric = "";
    private string _colors = "";
    private string _keyed = "";

    [OneTimeSetUp]
    public async Task PublishAsync()
    {
        await Platform.CreateMetricAsync(_metric = TestPlatform.Unique("gb"), "conversion", "purchase");
        _colors = await StartAsync(new
        {
            variants = new[] { new { key = "red", config = new { color = "red" } }, new { key = "blue", config = new { color = "blue" } } },
            targeting = new { country = new Dictionary<string, object> { ["$in"] = new[] { "PL", "DE" } } },
            coverage = 0.8,
        });
        _keyed = await StartAsync(new { unit = "user", variants = new[] { new { key = "a" }, new { key = "b" }, new { key = "c" } } });
        await TestPlatform.EventuallyAsync(
            async () => await Platform.AssignAsync("u", new { user_id = "u" }, _keyed), a => (string?)a[0]!["reason"] == "split", "the service knows them");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Sdk_EveryUser_GetsTheVariantOfThePlatform_AndTracksIt(bool remote)
    {
        var users = Enumerable.Range(0, 30).Select(i => new { id = $"visitor {i}", user_id = $"user {i % 7}", country = i % 3 == 0 ? "FR" : "PL" }).ToArray();

        var answers = (await NodeClient.RunAsync("growthbook", "evaluate.mjs", new
        {
            apiHost = Platform.Public,
            clientKey = Platform.WriteKey,
            remote,
            features = new[] { _colors, _keyed },
            users,
        })).AsArray();

        for (var i = 0; i < users.Length; i++)
        {
            var own = await Platform.AssignAsync(users[i].id, new { users[i].user_id, users[i].country }, _colors, _keyed);
            var theirs = answers[i]!;
            Assert.That((bool)theirs["success"]!, Is.True);
            Assert.That(JsonNode.DeepEquals(theirs["values"]![0], own[0]!["config"]), Is.True, $"{theirs["values"]} is not {own[0]!["config"]}");
            Assert.That((string?)theirs["values"]![1], Is.EqualTo((string?)own[1]!["variant"]));
            var exposures = own.Where(a => (bool)a!["in_experiment"]!).Select(a => $"{a!["experiment"]}: {a["variant"]}");
            Assert.That(theirs["tracked"]!.AsArray().Select(t => $"{t!["experiment"]}: {t["variant"]}"), Is.EquivalentTo(exposures));
        }
    }

    [Test]
    public async Task Sdk_TrackingCallback_IsCountedAsExposures()
    {
        var experiment = await StartAsync(new { variants = new[] { new { key = "a" }, new { key = "b" } } });
        await TestPlatform.EventuallyAsync(() => Platform.AssignAsync("u", null, experiment), a => (bool)a[0]!["in_experiment"]!, "the service knows it");
        var users = Enumerable.Range(0, 25).Select(i => new { id = $"{experiment}-{i}" });
        var answers = (await NodeClient.RunAsync("growthbook", "evaluate.mjs", new
        {
            apiHost = Platform.Public,
            clientKey = Platform.WriteKey,
            remote = false,
            features = new[] { experiment },
            users,
        })).AsArray();

        await Platform.SendEventsAsync([.. answers.SelectMany(a => a!["tracked"]!.AsArray()).Select(t => (object)new
        {
            id = $"{t!["experiment"]}|{t["unit"]}",
            type = "exposure",
            visitor_id = (string)t["unit"]!,
            experiment = (string)t["experiment"]!,
            variant = (string)t["variant"]!,
        })]);

        var results = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(experiment), r => (long)r["exposures"]! == 25, "all are counted");
        Assert.That((long)results["mismatched_units"]!, Is.Zero, "their bucketing is ours");
    }

    [Test]
    public async Task Sdk_Streaming_SeesAnExperimentThatStartsMeanwhile()
    {
        var experiment = TestPlatform.Unique("gb");
        var seen = NodeClient.LinesAsync("growthbook", "live.mjs", new
        {
            apiHost = Platform.Public,
            clientKey = Platform.WriteKey,
            feature = experiment,
            attributes = new { id = "visitor 1" },
        }).GetAsyncEnumerator();
        await seen.MoveNextAsync();
        Assert.That((bool)JsonNode.Parse(seen.Current)!["before"]!, Is.False);

        await Platform.StartExperimentAsync(experiment, "platform", ["a", "b"], _metric);

        await seen.MoveNextAsync();
        var own = await Platform.AssignAsync("visitor 1", null, experiment);
        Assert.That((string?)JsonNode.Parse(seen.Current)!["after"], Is.EqualTo((string?)own[0]!["variant"]));
        await seen.DisposeAsync();
    }

    [Test]
    public async Task Features_TheSameAgain_IsNotSentTwice_AndAStoppedExperimentGivesTheControl()
    {
        var experiment = await StartAsync(new { variants = new[] { new { key = "a" }, new { key = "b", } } });
        await Platform.TransitAsync(experiment, "stop");
        var payload = await TestPlatform.EventuallyAsync(
            async () => JsonNode.Parse(await Platform.Http.GetStringAsync($"/api/features/{Platform.WriteKey}"))!,
            p => p["features"]![experiment]?["rules"]!.AsArray().Count == 0, "the stop arrives");
        Assert.That((string?)payload["features"]![experiment]!["defaultValue"], Is.EqualTo("a"));
        Assert.That((int)payload["status"]!, Is.EqualTo(200));

        using var first = await Platform.Http.GetAsync($"/api/features/{Platform.WriteKey}");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/features/{Platform.WriteKey}");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        request.Headers.Add("Origin", "https://shop.example");
        using var again = await Platform.Http.SendAsync(request);
        Assert.That(first.Headers.GetValues("x-sse-support"), Is.EqualTo(new[] { "enabled" }));
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.NotModified).Or.EqualTo(HttpStatusCode.OK), "other tests publish meanwhile");
        Assert.That(again.Headers.GetValues("Access-Control-Allow-Origin"), Is.EqualTo(new[] { "*" }));
    }

    [TestCase("GET", "/api/features/nobody", HttpStatusCode.NotFound)]
    [TestCase("GET", "/sub/nobody", HttpStatusCode.NotFound)]
    [TestCase("POST", "/api/eval/nobody", HttpStatusCode.NotFound)]
    public async Task UnknownKey_IsRefusedInTheProtocolsShape(string method, string path, HttpStatusCode status)
    {
        using var response = await Platform.SendAsync(new HttpMethod(method), path, null, method == "POST" ? JsonContent.Create(new { }) : null);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.That((response.StatusCode, (int)body["status"]!), Is.EqualTo((status, (int)status)));
        Assert.That((string?)body["error"], Is.Not.Empty);
    }

    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("""{"attributes": 7}""")]
    [TestCase("""{"forcedVariations": {"a": "b"}}""")]
    [TestCase("""{"forcedFeatures": [["a"]]}""")]
    [TestCase("""{"attributes": {"id": "\ud800"}}""")]
    public async Task RemoteEvaluation_BadBody_IsRefused(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Platform.SendAsync(HttpMethod.Post, $"/api/eval/{Platform.WriteKey}", null, content);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"], Is.Not.Empty);
    }

    [Test]
    public async Task RemoteEvaluation_WhatTheCallerForces_ComesBackUntracked()
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, $"/api/eval/{Platform.WriteKey}", null, JsonContent.Create(new
        {
            attributes = new { id = "visitor", user_id = "u", country = "PL" },
            forcedVariations = new Dictionary<string, int> { [_keyed] = 2 },
            forcedFeatures = new[] { new object[] { _colors, new { color = "green" } } },
        }));
        var features = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["features"]!;

        Assert.That(features[_keyed]!.ToJsonString(), Is.EqualTo("""{"defaultValue":"c"}"""));
        Assert.That(features[_colors]!.ToJsonString(), Is.EqualTo("""{"defaultValue":{"color":"green"}}"""));
    }

    private async Task<string> StartAsync(object definition)
    {
        var key = TestPlatform.Unique("gb");
        await Platform.PublishAsync(key, _metric, definition);
        return key;
    }
}

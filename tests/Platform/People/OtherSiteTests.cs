using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;

namespace CroPlatform.Platform.Tests.People;

/// <summary>Another site's things are not there: not in a path, a body, a header or a batch, to read or to change.</summary>
public sealed class OtherSiteTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private readonly Dictionary<string, string> _ours = [];
    private OtherSite _other = new("", "");

    [OneTimeSetUp]
    public async Task MakeOursAsync()
    {
        _other = await OtherSite.CreateAsync();
        var (metric, experiment, group, template) = (TestPlatform.Unique("m"), TestPlatform.Unique("e"), TestPlatform.Unique("g"), TestPlatform.Unique("t"));
        await Platform.CreateMetricAsync(metric, "conversion", "purchase");
        await Platform.StartExperimentAsync(experiment, "platform", ["a", "b"], metric);
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/saved-groups", new { key = group, attribute = "id", values = new[] { "u" } });
        var body = (await Platform.AdminAsync(HttpMethod.Get, "/api/v1/templates"))["templates"]!.AsArray()[0]!.DeepClone().AsObject();
        body["key"] = template;
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/templates", body);
        using var person = await Person.CreateAsync("viewer");
        var key = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/keys", new { name = "ours", role = "write" });
        (_ours["metrics"], _ours["experiments"], _ours["saved-groups"], _ours["templates"]) = (metric, experiment, group, template);
        var webhook = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/webhooks", new { url = "https://hooks.example", events = new[] { "nothing.happened" } });
        (_ours["users"], _ours["keys"], _ours["sites"], _ours["webhooks"]) = (person.Id, (string)key["id"]!, "default", (string)webhook["id"]!);

        var erasure = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/erasures", new { visitor_id = TestPlatform.Unique("v") });
        _ours["erasures"] = (string)erasure["id"]!;

        // What clients of other products call an experiment.
        _ours["tests"] = experiment;
    }

    private static IEnumerable<TestCaseData> Paths() =>
        from row in AuthorizationTests.Row.ReadAll()
        where row.Route.StartsWith("/api/", StringComparison.Ordinal) && row.Route.Contains("/{", StringComparison.Ordinal) && row.Key is not ("none" or "path")
        select new TestCaseData(row).SetArgDisplayNames(row.Method, row.Route);

    [TestCaseSource(nameof(Paths))]
    public async Task Path_WithOurs_AnswersLikeOneThatIsNotThere(AuthorizationTests.Row row)
    {
        var parts = row.Route.Split('/');
        var collection = parts[Array.FindIndex(parts, p => p.StartsWith('{')) - 1];
        if (collection == "ready-metrics") Assert.Pass("they are everybody's");
        Assert.That(_ours, Does.ContainKey(collection), "this test needs to know a thing of this kind");
        var before = await OursAsync();

        var answers = new List<(HttpStatusCode, string?)>();
        foreach (var name in (string[])[_ours[collection], "no-such-thing"])
        {
            var path = string.Join('/', parts.Select(p => p.StartsWith('{') ? name : p));
            answers.Add(await _other.AskAsync(new HttpMethod(row.Method), path, row.Method is "GET" or "DELETE" ? null : new { }));
        }

        Assert.That(answers[0], Is.EqualTo(answers[1]), "ours and nobody's");
        Assert.That(answers[0].Item1, Is.EqualTo(HttpStatusCode.NotFound).Or.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(await OursAsync(), Is.EqualTo(before), "nothing of ours changed");
    }

    [Test]
    public async Task Body_NamingOurs_IsRefusedAsUnknown()
    {
        var metric = await _other.AskAsync(HttpMethod.Post, "/api/v1/experiments", Experiment(metrics: _ours["metrics"]));
        Assert.That(metric.Code, Is.EqualTo("unknown_metric"));
        await _other.SendAsync(HttpMethod.Post, "/api/v1/metrics", new { key = "own", kind = "conversion", @event = "purchase", direction = "increase" });
        var prerequisite = await _other.AskAsync(HttpMethod.Post, "/api/v1/experiments", Experiment("own", new { prerequisites = new[] { new { experiment = _ours["experiments"], variants = new[] { "a" } } } }));
        Assert.That(prerequisite.Code, Is.EqualTo("unknown_experiment"));
        var group = await _other.AskAsync(HttpMethod.Post, "/api/v1/experiments", Experiment("own", new { targeting = new { id = new Dictionary<string, string> { ["$inGroup"] = _ours["saved-groups"] } } }));
        Assert.That(group.Code, Is.EqualTo("unknown_group"));
    }

    [Test]
    public async Task Header_NamingOurSite_ChangesNothing()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/experiments");
        request.Headers.Authorization = new("Bearer", _other.AdminKey);
        request.Headers.Add("X-Site", "default");
        request.Headers.Add("X-Forwarded-Host", "default");
        request.Headers.Add("Cookie", "site=default");
        using var response = await Platform.Http.SendAsync(request);
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain(_ours["experiments"]));
    }

    [Test]
    public async Task Batch_NamingOurExperiment_IsAnsweredAndCountedElsewhere()
    {
        var server = await _other.NewKeyAsync("server");
        await Services.KnowAsync("assignment", server);
        await Services.KnowAsync("ingestion", server);
        var question = new AssignRequest { UnitId = "u" };
        question.Experiments.Add(_ours["experiments"]);
        var batch = new AssignBatchRequest();
        batch.Requests.Add([question, question]);
        var replies = await new AssignmentService.AssignmentServiceClient(Platform.Channel.WithKey(server)).AssignBatchAsync(batch);
        Assert.That(replies.Replies.SelectMany(r => r.Assignments).Select(a => a.Reason), Is.All.EqualTo("unknown_experiment"));

        var before = await Platform.AdminAsync(HttpMethod.Get, "/api/v1/statistics/balance");
        var events = Enumerable.Range(0, 50).Select(i => new
        {
            id = TestPlatform.Unique("x"),
            type = "exposure",
            visitor_id = $"u-{i}",
            experiment = _ours["experiments"],
            variant = "a",
            site = "default",
        });
        using var sent = await Platform.SendAsync(HttpMethod.Post, "/v1/events", server, JsonContent.Create(new { events, site = "default" }));
        Assert.That(sent.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        await TestPlatform.EventuallyAsync(
            async () => (await _other.SendAsync(HttpMethod.Get, "/api/v1/statistics/balance")).ToJsonString(), balance => balance.Contains("50", StringComparison.Ordinal), "the site has its events");
        var results = await Platform.ResultsAsync(_ours["experiments"]);
        Assert.That((long)results["exposures"]!, Is.Zero, "none of them is ours");
        Assert.That(before, Is.Not.Null);
    }

    private static JsonObject Experiment(string metrics, object? more = null)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToNode(new
        {
            key = TestPlatform.Unique("theirs"),
            name = "theirs",
            variants = new[] { new { key = "a", name = "a", weight = 0.5 }, new { key = "b", name = "b", weight = 0.5 } },
            metrics = new[] { new { key = metrics } },
        })!.AsObject();
        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(more ?? new { })!.AsObject()) body[name] = value!.DeepClone();
        return body;
    }

    /// <summary>All of our things, as we see them.</summary>
    private async Task<string> OursAsync()
    {
        var seen = new List<string>();
        foreach (var (collection, name) in _ours.Where(o => o.Key is not ("tests" or "erasures")))
        {
            var isListed = collection is "keys" or "sites" or "saved-groups" or "webhooks";
            var json = await Platform.AdminAsync(HttpMethod.Get, isListed ? $"/api/v1/{collection}" : $"/api/v1/{collection}/{name}");
            if (isListed) json = json[collection.Replace('-', '_')]!.AsArray().Single(k => (string?)(k!["id"] ?? k["key"]) == name)!;

            seen.Add(json.ToJsonString());
        }

        return string.Join('\n', seen);
    }
}

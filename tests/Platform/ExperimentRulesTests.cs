using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>Experiments of every kind through the running platform: created, started, evaluated, changed.</summary>
public sealed class ExperimentRulesTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly string Metric = TestPlatform.Unique("rules-metric");

    [OneTimeSetUp]
    public async Task MakeAMetric() =>
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/metrics", new { key = Metric, kind = "conversion", @event = "purchase", direction = "increase" });

    private static IEnumerable<TestCaseData> Kinds()
    {
        yield return Kind("""{"kind": "ab"}""");
        yield return Kind("""{"kind": "aa"}""");
        yield return Kind("""{"kind": "bandit"}""");
        yield return Kind("""{"kind": "rollout", "variants": null, "coverage": 1}""");
        yield return Kind("""{"kind": "holdout", "variants": null, "holdout": 0.5}""");
        yield return Kind("""{"kind": "multivariate", "variants": null, "factors": [{"key": "f", "levels": [{"key": "a"}, {"key": "b"}]}, {"key": "g", "levels": [{"key": "c"}, {"key": "d"}]}]}""");
        yield return Kind("""{"kind": "split_url", "url_patterns": [{"type": "simple", "pattern": "/*"}], "variants": [{"key": "a", "page_changes": {"redirect": "https://x.test/a"}}, {"key": "b", "page_changes": {"redirect": "https://x.test/b"}}]}""");
        yield return Kind("""{"kind": "journey", "variants": [{"key": "a"}, {"key": "b", "page_changes": {"changes": [{"selector": "h1", "action": "set", "attribute": "html", "value": "Hi", "url": "/a"}, {"selector": "p", "action": "remove", "attribute": "class", "url": "/b"}]}}]}""");

        static TestCaseData Kind(string json) => new TestCaseData(json).SetArgDisplayNames(JsonNode.Parse(json)!["kind"]!.GetValue<string>());
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task Start_AnyKind_AssignsAndShowsWhatWasAskedFor(string members)
    {
        var key = await StartAsync(members);
        var shown = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}");
        Assert.That(shown["kind"]!.GetValue<string>(), Is.EqualTo(JsonNode.Parse(members)!["kind"]!.GetValue<string>()));
        Assert.That(shown["phases"]!.AsArray(), Has.Count.EqualTo(1));
        var assignment = await AssignAsync(key, "u1", """{"url": "https://x.test/"}""");
        Assert.That(assignment["in_experiment"]!.GetValue<bool>(), Is.True, assignment.ToJsonString());
        Assert.That(shown["variants"]!.AsArray().Select(v => v!["key"]!.GetValue<string>()), Does.Contain(assignment["variant"]!.GetValue<string>()));
    }

    [Test]
    public async Task Start_IntoATakenLayer_AnswersConflictWithTheOther()
    {
        var layer = TestPlatform.Unique("layer");
        var first = await StartAsync($$"""{"layers": [{"key": "{{layer}}", "ranges": [[0, 0.7]]}]}""");
        var second = await CreateAsync($$"""{"layers": [{"key": "{{layer}}", "ranges": [[0.6, 1]]}]}""");
        using var refused = await Platform.SendAsync(HttpMethod.Post, $"/api/v1/experiments/{second}/start", Platform.AdminKey);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(await refused.Content.ReadAsStringAsync(), Does.Contain(first));
        var third = await StartAsync($$"""{"layers": [{"key": "{{layer}}", "share": 0.3}]}""");
        for (var i = 0; i < 20; i++)
        {
            var (a, b) = (await AssignAsync(first, $"u{i}"), await AssignAsync(third, $"u{i}"));
            Assert.That(a["in_experiment"]!.GetValue<bool>(), Is.Not.EqualTo(b["in_experiment"]!.GetValue<bool>()), "each unit is in one of them");
        }
    }

    [Test]
    public async Task Start_TwoAtOnceIntoALayer_OneOfThemIsRefused()
    {
        var layer = TestPlatform.Unique("layer");
        var keys = new List<string>();
        for (var i = 0; i < 6; i++) keys.Add(await CreateAsync($$"""{"layers": [{"key": "{{layer}}", "share": 0.4}]}"""));
        var answers = await Task.WhenAll(keys.Select(k => Platform.SendAsync(HttpMethod.Post, $"/api/v1/experiments/{k}/start", Platform.AdminKey)));
        Assert.That(answers.Count(a => a.IsSuccessStatusCode), Is.EqualTo(2), "0.4 twice");
        Assert.That(answers.Count(a => a.StatusCode == HttpStatusCode.Conflict), Is.EqualTo(4));
    }

    [Test]
    public async Task Holdout_OfHalfTheUnits_KeepsThemOutUntilItsExperimentsAreOver()
    {
        var holdout = await StartAsync("""{"kind": "holdout", "variants": null, "holdout": 0.5}""");
        var experiment = await StartAsync($$"""{"holdouts": ["{{holdout}}"]}""");
        for (var i = 0; i < 20; i++)
        {
            var isHeld = (await AssignAsync(holdout, $"u{i}"))["variant"]!.GetValue<string>() == "holdout";
            Assert.That((await AssignAsync(experiment, $"u{i}"))["reason"]!.GetValue<string>(), Is.EqualTo(isHeld ? "holdout" : "split"));
        }

        using var refused = await Platform.SendAsync(HttpMethod.Post, $"/api/v1/experiments/{holdout}/stop", Platform.AdminKey);
        Assert.That((refused.StatusCode, (await refused.Content.ReadAsStringAsync()).Contains(experiment, StringComparison.Ordinal)), Is.EqualTo((HttpStatusCode.Conflict, true)));
        await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{experiment}/stop");
        await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{holdout}/stop");
    }

    [Test]
    public async Task SavedGroup_ReplacedWhileItIsUsed_DecidesByTheNewValues()
    {
        var group = TestPlatform.Unique("group");
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/saved-groups", new { key = group, attribute = "country", values = new[] { "PL" } });
        var key = await StartAsync($$"""{"targeting": {"country": {"$inGroup": "{{group}}"} } }""");
        Assert.That((await AssignAsync(key, "u", """{"country": "DE"}"""))["reason"]!.GetValue<string>(), Is.EqualTo("targeting"));
        Assert.That((await AssignAsync(key, "u", """{"country": "PL"}"""))["in_experiment"]!.GetValue<bool>(), Is.True);
        await Platform.AdminAsync(HttpMethod.Put, $"/api/v1/saved-groups/{group}", new { attribute = "country", values = new[] { "DE" } });
        await TestPlatform.EventuallyAsync(
            () => AssignAsync(key, "u", """{"country": "DE"}"""), a => a["in_experiment"]!.GetValue<bool>(), "the group's new values are in force");
        var listed = await Platform.AdminAsync(HttpMethod.Get, "/api/v1/saved-groups");
        Assert.That(listed["saved_groups"]!.AsArray().Select(g => g!["key"]!.GetValue<string>()), Does.Contain(group));
    }

    [Test]
    public async Task Phases_CoverageRaisedThenLowered_OnlyTheFirstIsAllowed()
    {
        var key = await StartAsync("""{"coverage": 0.2}""");
        var changed = await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", new { coverage = 0.9 });
        Assert.That((changed["coverage"]!.GetValue<double>(), changed["phases"]!.AsArray().Count, changed["version"]!.GetValue<int>()), Is.EqualTo((0.9, 2, 2)));
        using var refused = await Platform.SendAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/phases", Platform.AdminKey, JsonContent.Create(new { coverage = 0.5 }));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
    }

    [Test]
    public async Task Create_WithAPrerequisiteThatIsNotThere_NamesTheField()
    {
        using var refused = await Platform.SendAsync(HttpMethod.Post, "/api/v1/experiments", Platform.AdminKey, Body(TestPlatform.Unique("rules"), """{"prerequisites": [{"experiment": "gone", "variants": ["a"]}]}"""));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["field"]!.GetValue<string>(), Is.EqualTo("prerequisites[0].experiment"));
    }

    private static async Task<string> CreateAsync(string members)
    {
        var key = TestPlatform.Unique("rules");
        using var created = await Platform.SendAsync(HttpMethod.Post, "/api/v1/experiments", Platform.AdminKey, Body(key, members));
        Assert.That(created.StatusCode, Is.EqualTo(HttpStatusCode.Created), await created.Content.ReadAsStringAsync());
        return key;
    }

    private static async Task<string> StartAsync(string members)
    {
        var key = await CreateAsync(members);
        await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/start");
        await TestPlatform.EventuallyAsync(
            () => AssignAsync(key, "u"), a => a["reason"]!.GetValue<string>() is not ("unknown_experiment" or "not_running"), $"{key} is in force");
        return key;
    }

    private static StringContent Body(string key, string members)
    {
        var draft = JsonNode.Parse("""{"variants": [{"key": "control"}, {"key": "treatment"}]}""")!.AsObject();
        draft["key"] = key;
        draft["metrics"] = new JsonArray(new JsonObject { ["key"] = Metric });
        foreach (var (name, value) in JsonNode.Parse(members)!.AsObject())
        {
            draft.Remove(name);
            if (value is not null) draft[name] = value.DeepClone();
        }

        return new StringContent(draft.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
    }

    private static async Task<JsonNode> AssignAsync(string key, string unit, string attributes = "{}") =>
        (await Platform.AssignAsync(unit, JsonNode.Parse(attributes), key))[0]!;
}

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Grpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace CroPlatform.Platform.Tests;

/// <summary>Experiments through their whole life, as people and services lead them.</summary>
public sealed class LifeTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;
    private static readonly string Metric = TestPlatform.Unique("life-metric");

    [OneTimeSetUp]
    public Task MakeAMetric() => Platform.CreateMetricAsync(Metric, "conversion", "purchase");

    [Test]
    public async Task RollOut_StepByStep_ServesTheWinnerUntilItIsRolledBackAndUndone()
    {
        var key = await CreateAsync();
        await PostAsync(key, "start");
        await PostAsync(key, "roll-out", new { step = 1 });
        Assert.That(await ServedShareAsync(key), Is.EqualTo(0.1).Within(0.06), "six standard deviations of 1 000 units");
        await PostAsync(key, "roll-out", new { share = 0.5 });
        Assert.That(await ServedShareAsync(key), Is.EqualTo(0.5).Within(0.1));
        Assert.That(Text(await PostAsync(key, "roll-out"), "status"), Is.EqualTo("completed"));
        Assert.That(await ServedShareAsync(key), Is.EqualTo(1));
        Assert.That(Text(await PostAsync(key, "roll-back", new { reason = "returns went up" }), "status"), Is.EqualTo("rolled_back"));
        Assert.That(await ServedShareAsync(key), Is.Zero);
        var undone = await PostAsync(key, "undo");
        Assert.That((Text(undone, "status"), (double)undone["served"]!["share"]!), Is.EqualTo(("completed", 1.0)));
        Assert.That(await ServedShareAsync(key), Is.EqualTo(1));
        await PostAsync(key, "archive");
        Assert.That(await ServedShareAsync(key), Is.EqualTo(1), "archived, it goes on as it was");
        var history = (await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}"))["history"]!.AsArray();
        Assert.That(history.Select(h => Text(h!, "command")), Is.EqualTo((string[])["archive", "undo", "roll-back", "roll-out", "roll-out", "roll-out", "start", "create"]));
        Assert.That(Text(history[2]!, "reason"), Is.EqualTo("returns went up"));
    }

    [Test]
    public async Task Decide_AfterAStart_TakesNoMoreUnitsAndWaitsForADecision()
    {
        var key = await CreateAsync();
        await PostAsync(key, "start");
        Assert.That(Text(await PostAsync(key, "decide"), "status"), Is.EqualTo("deciding"));
        await TestPlatform.EventuallyAsync(() => Platform.AssignAsync("u", null, key), a => Text(a[0]!, "reason") == "not_running", "it takes no units");
        using var refused = await SendAsync(HttpMethod.Post, key, "pause");
        var problem = await BodyAsync(refused);
        Assert.That((refused.StatusCode, Text(problem, "code")), Is.EqualTo((HttpStatusCode.Conflict, "conflict")));
        Assert.That(problem["allowed"]!.AsArray().Select(a => (string?)a), Is.SupersetOf((string[])["stop", "roll-out", "roll-back"]).And.None.EqualTo("pause"));
        Assert.That(Text(await PostAsync(key, "stop"), "status"), Is.EqualTo("completed"));
    }

    [Test]
    public async Task Draft_DefinedAnewAndPatched_IsWhatWasSaidLast()
    {
        var key = await CreateAsync();
        var replaced = await Platform.AdminAsync(HttpMethod.Put, $"/api/v1/experiments/{key}", Definition(null, "second"));
        Assert.That((Text(replaced, "name"), (long)replaced["revision"]!, (int)replaced["definition_revision"]!), Is.EqualTo(("second", 2L, 2)));
        var patched = await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", new { name = "third", coverage = 0.3 });
        Assert.That((Text(patched, "name"), (double)patched["coverage"]!, patched["variants"]!.AsArray().Count), Is.EqualTo(("third", 0.3, 2)));
        using var refused = await Platform.SendAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", Platform.AdminKey, JsonContent.Create(new { unit = "session" }));
        Assert.That((refused.StatusCode, Text(await BodyAsync(refused), "field")), Is.EqualTo((HttpStatusCode.BadRequest, "unit")));
        await PostAsync(key, "start");
        using var late = await Platform.SendAsync(HttpMethod.Put, $"/api/v1/experiments/{key}", Platform.AdminKey, JsonContent.Create(Definition(null, "late")));
        Assert.That(late.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
    }

    [Test]
    public async Task Metrics_ChangedWhileItRuns_AreCountedFromTheStartOn()
    {
        var (key, bought, looked) = (await CreateAsync(assignment: "external"), TestPlatform.Unique("bought"), TestPlatform.Unique("looked"));
        await PostAsync(key, "start");
        await TestPlatform.EventuallyAsync(() => Platform.AssignAsync("u", null, key), a => Text(a[0]!, "reason") != "unknown_experiment", "it is known");
        await Platform.SendEventsAsync([.. Enumerable.Range(0, 20).SelectMany(i => new object[]
        {
            new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-{i}", experiment = key, variant = i % 2 == 0 ? "control" : "treatment" },
            new { id = $"{key}-l{i}", type = looked, visitor_id = $"{key}-{i}" },
        })]);
        await ResultsAsync(key, r => (long)r["exposures"]! == 20, "the units are counted");
        await Platform.CreateMetricAsync(bought, "conversion", bought);
        await Platform.CreateMetricAsync(looked, "conversion", looked, new { window_hours = 24 });
        var changed = await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", new { metrics = new[] { new { key = looked }, new { key = bought } } });
        Assert.That(((int)changed["analysis_revision"]!, (int)changed["version"]!, changed["phases"]!.AsArray().Count), Is.EqualTo((2, 2, 1)));
        Assert.That(changed["added_metrics"]!.AsArray().Select(m => (Text(m!, "key"), Text(m!, "counted"), (string?)m!["from"])), Is.EqualTo(new[] { (looked, "refolded", (string?)null), (bought, "refolded", null) }));
        await PostAsync(key, "stop");
        var results = await ResultsAsync(key, r => Arms(r, looked).Sum(v => (double?)v!["sum"] ?? 0) is 20, "what nobody measured is counted from before it was measured");
        Assert.That(Arms(results, looked).Sum(v => (long?)v!["n"] ?? 0), Is.EqualTo(20));
        Assert.That(results["metrics"]!.AsArray().Select(m => (string?)m!["added"]?["counted"]), Is.All.EqualTo("refolded"));

        static IEnumerable<JsonNode?> Arms(JsonNode results, string metric) =>
            results["metrics"]!.AsArray().FirstOrDefault(m => Text(m!, "key") == metric)?["variants"]?.AsArray() ?? [];
    }

    /// <summary>Events of users are routed while something measures them: what came before cannot be had any more.</summary>
    [Test]
    public async Task NewMetric_WhoseEventsWereNotKept_IsCountedFromNowAndSaysSo()
    {
        var (key, bought, looked) = (TestPlatform.Unique("users"), TestPlatform.Unique("bought"), TestPlatform.Unique("looked"));
        await Platform.CreateMetricAsync(bought, "conversion", bought, new { window_hours = 1 });
        await Platform.CreateMetricAsync(looked, "conversion", looked, new { window_hours = 1 });
        await Platform.PublishAsync(key, bought, new { unit = "user", assignment = "external", variants = new[] { new { key = "a" }, new { key = "b" } } });
        await Platform.SendEventsAsync([.. Enumerable.Range(0, 20).SelectMany(i => new object[]
        {
            new { id = $"{key}-x{i}", type = "exposure", visitor_id = $"{key}-v{i}", user_id = $"{key}-{i}", experiment = key, variant = i % 2 == 0 ? "a" : "b" },
            new { id = $"{key}-l{i}", type = looked, visitor_id = $"{key}-v{i}", user_id = $"{key}-{i}" },
        })]);
        await ResultsAsync(key, r => (long)r["exposures"]! == 20, "the users are counted");
        var changed = await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", new { metrics = new[] { new { key = bought }, new { key = looked } } });
        var added = changed["added_metrics"]!.AsArray().Single()!;
        Assert.That((Text(added, "key"), Text(added, "counted")), Is.EqualTo((looked, "from_now")));
        Assert.That((DateTimeOffset)added["from"]!, Is.GreaterThan((DateTimeOffset)added["added_at"]!));
        var results = await ResultsAsync(key, r => r["metrics"]!.AsArray().Count == 2 && (long)r["exposures"]! == 20, "all are counted anew");
        Assert.That(results["metrics"]!.AsArray().Select(m => m!["variants"]!.AsArray().Sum(v => (long)v!["n"]!)), Is.EqualTo(new[] { 20, 0 }), "nobody was exposed since");
        Assert.That(Text(results["metrics"]![1]!["added"]!, "counted"), Is.EqualTo("from_now"));
        Assert.That(results["warnings"]!.AsArray().Select(w => Text(w!, "code")), Does.Contain("counted_from_now"));
        await Platform.CroAsync("replay", key);
    }

    [Test]
    public async Task ETag_OfAnExperiment_GuardsAgainstWhatOthersDid()
    {
        var key = await CreateAsync();
        using var read = await SendAsync(HttpMethod.Get, key);
        var etag = read.Headers.ETag!;
        Assert.That(etag.IsWeak, Is.False);
        using var same = await SendAsync(HttpMethod.Get, key, headers: h => h.IfNoneMatch.Add(etag));
        Assert.That(same.StatusCode, Is.EqualTo(HttpStatusCode.NotModified));
        using var started = await SendAsync(HttpMethod.Post, key, "start", headers: h => h.IfMatch.Add(etag));
        Assert.That((started.StatusCode, started.Headers.ETag!.Equals(etag)), Is.EqualTo((HttpStatusCode.OK, false)));
        using var stale = await SendAsync(HttpMethod.Post, key, "pause", headers: h => h.IfMatch.Add(etag));
        Assert.That((stale.StatusCode, Text(await BodyAsync(stale), "code")), Is.EqualTo((HttpStatusCode.PreconditionFailed, "precondition_failed")));
        using var other = await SendAsync(HttpMethod.Get, key, headers: h => h.IfNoneMatch.Add(etag));
        Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task IdempotencyKey_SentAgain_GetsTheSameAnswerAndDoesNothing()
    {
        var (key, once) = (TestPlatform.Unique("life"), TestPlatform.Unique("once"));
        using var created = await CreateOnceAsync(key, once, "first");
        using var again = await CreateOnceAsync(key, once, "first");
        Assert.That((created.StatusCode, again.StatusCode, again.Headers.Contains("Idempotent-Replayed")), Is.EqualTo((HttpStatusCode.Created, HttpStatusCode.Created, true)));
        Assert.That(await again.Content.ReadAsStringAsync(), Is.EqualTo(await created.Content.ReadAsStringAsync()));
        Assert.That(again.Headers.ETag, Is.EqualTo(created.Headers.ETag));
        using var other = await CreateOnceAsync(key, once, "another");
        Assert.That((other.StatusCode, Text(await BodyAsync(other), "code")), Is.EqualTo((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused")));
        using var bad = await CreateOnceAsync(key, new string('k', 256), "first");
        Assert.That((bad.StatusCode, Text(await BodyAsync(bad), "field")), Is.EqualTo((HttpStatusCode.BadRequest, "idempotency-key")));
    }

    [Test]
    public async Task IdempotencyKey_SentManyTimesAtOnce_HappensOnce()
    {
        var (key, once) = (await CreateAsync(), TestPlatform.Unique("once"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => SendAsync(HttpMethod.Post, key, "start", headers: h => h.Add("Idempotency-Key", once))));
        Assert.That(answers.Select(a => a.StatusCode), Has.Some.EqualTo(HttpStatusCode.OK).And.All.AnyOf(HttpStatusCode.OK, HttpStatusCode.Conflict));
        foreach (var answer in answers.Where(a => a.StatusCode == HttpStatusCode.Conflict)) Assert.That(Text(await BodyAsync(answer), "code"), Is.EqualTo("idempotency_key_in_use"));
        Assert.That((long)(await BodyAsync(await SendAsync(HttpMethod.Get, key)))["revision"]!, Is.EqualTo(2), "created and started, once");
    }

    [Test]
    public async Task Approval_OfSomebodyElse_IsNeededForWhatIsRisky()
    {
        var other = Text(await Platform.AdminAsync(HttpMethod.Post, "/api/v1/keys", new { name = TestPlatform.Unique("approver"), role = "admin" }), "secret");
        await Platform.AdminAsync(HttpMethod.Put, "/api/v1/approval-rules", new { max_traffic_share = 0.5 });
        try
        {
            var key = await CreateAsync();
            await AssertProblemAsync(await SendAsync(HttpMethod.Post, key, "start"), HttpStatusCode.Conflict, "approval_required");
            await PostAsync(key, "submit");
            await AssertProblemAsync(await SendAsync(HttpMethod.Post, key, "approve"), HttpStatusCode.Forbidden, "own_work");
            using var rejected = await SendAsync(HttpMethod.Post, key, "reject", new { reason = "too much at once" }, bearer: other);
            Assert.That(Text(await BodyAsync(rejected), "status"), Is.EqualTo("draft"));
            await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", new { coverage = 0.6 });
            await PostAsync(key, "submit");
            using var approved = await SendAsync(HttpMethod.Post, key, "approve", bearer: other);
            Assert.That((await BodyAsync(approved))["approval"], Is.Not.Null);
            Assert.That(Text(await PostAsync(key, "start"), "status"), Is.EqualTo("running"));
            var raise = JsonContent.Create(new { coverage = 0.9 });
            using var raised = await Platform.SendAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", Platform.AdminKey, raise);
            Assert.That(raised.StatusCode, Is.EqualTo(HttpStatusCode.OK), "it was approved as it stands");
            await AssertProblemAsync(await SendAsync(HttpMethod.Post, key, "roll-out", new { share = 1 }), HttpStatusCode.Conflict, "approval_required");
            await PostAsync(key, "roll-out", new { share = 0.1 });
            using var looked = await SendAsync(HttpMethod.Post, key, "approve", bearer: other);
            Assert.That(Text(await PostAsync(key, "roll-out", new { share = 1 }), "status"), Is.EqualTo("completed"));
        }
        finally
        {
            await Platform.AdminAsync(HttpMethod.Put, "/api/v1/approval-rules", new { });
        }
    }

    [Test]
    public async Task Plan_WithStartAndEnd_IsCarriedOutByTheClock()
    {
        var key = await CreateAsync();
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Asia/Kolkata");
        var now = DateTimeOffset.UtcNow;
        var planned = await PostAsync(key, "schedule", new { start = Local(now.AddSeconds(2)), end = Local(now.AddSeconds(6)), time_zone = zone.Id });
        Assert.That((Text(planned, "status"), Text(planned["planned"]!, "time_zone")), Is.EqualTo(("scheduled", "Asia/Kolkata")));
        var ended = await TestPlatform.EventuallyAsync(() => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}"), e => Text(e, "status") == "completed", "it was started and stopped");
        var (started, stopped) = (ended["started_at"]!.GetValue<DateTimeOffset>(), ended["stopped_at"]!.GetValue<DateTimeOffset>());
        Assert.That((started >= now.AddSeconds(1.9), stopped >= now.AddSeconds(5.9)), Is.EqualTo((true, true)), $"planned for {now:O}, done {started:O} and {stopped:O}");
        Assert.That(ended["history"]!.AsArray().Take(2).Select(h => Text(h!, "actor")), Is.All.EqualTo("system:schedule"));

        string Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, zone).ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture);
    }

    [Test]
    public async Task Plan_ThatCannotStart_GoesBackToItsAuthorWithTheReason()
    {
        var (layer, first) = (TestPlatform.Unique("layer"), await CreateAsync());
        await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{first}", new { layers = new[] { new { key = layer, share = 1 } } });
        var second = await CreateAsync();
        await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{second}", new { layers = new[] { new { key = layer, share = 1 } } });
        await PostAsync(first, "start");
        await PostAsync(second, "schedule", new { start = DateTimeOffset.UtcNow.AddHours(-1).ToString("O") });
        var back = await TestPlatform.EventuallyAsync(() => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{second}"), e => Text(e, "status") == "draft", "it is a draft again");
        Assert.That(Text(back["history"]![0]!, "reason"), Does.StartWith("could not start as planned").And.Contains(first));
    }

    [Test]
    public async Task Comments_OnAnExperiment_AreKeptInOrder()
    {
        var key = await CreateAsync();
        foreach (var text in (string[])["why so few?", "=because()"]) await PostAsync(key, "comments", new { text });
        var listed = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/comments?limit=1&offset=1");
        Assert.That((Text(listed["comments"]![0]!, "text"), (long)listed["total"]!), Is.EqualTo(("=because()", 2L)));
        await AssertProblemAsync(await SendAsync(HttpMethod.Post, key, "comments", new { text = " " }), HttpStatusCode.BadRequest, "missing");
        await AssertProblemAsync(await SendAsync(HttpMethod.Post, "gone", "comments", new { text = "x" }), HttpStatusCode.NotFound, "not_found");
    }

    [Test]
    public async Task Grpc_ForServices_LeadsTheSameLife()
    {
        using var channel = GrpcChannel.ForAddress("http://" + Platform.Service("experiments", "grpc"));
        var service = new ExperimentService.ExperimentServiceClient(channel.WithKey(Platform.AdminKey));
        var (key, once) = (await CreateAsync(), new Metadata { { "idempotency-key", TestPlatform.Unique("grpc") } });
        var started = await service.StartAsync(new TransitionRequest { Key = key, IfRevision = 1 }, once);
        Assert.That((started.Status, started.VersionNumber, started.Version.Status), Is.EqualTo(("running", 1u, Experiment.Types.Status.Running)));
        Assert.That(await service.StartAsync(new TransitionRequest { Key = key, IfRevision = 1 }, once), Is.EqualTo(started), "the same command again");
        await AssertStatusAsync(service.PauseAsync(new TransitionRequest { Key = key, IfRevision = 1 }), StatusCode.Aborted, "if-match");
        Assert.That((await service.PauseAsync(new TransitionRequest { Key = key })).Status, Is.EqualTo("paused"));
        Assert.That((await service.ResumeAsync(new TransitionRequest { Key = key })).Status, Is.EqualTo("running"));
        await AssertStatusAsync(service.RollOutAsync(new RollOutRequest { Key = key, Share = 2 }), StatusCode.InvalidArgument, "share:");
        await AssertStatusAsync(service.RollOutAsync(new RollOutRequest { Key = key, Variant = "gone" }), StatusCode.InvalidArgument, "variant:");
        Assert.That((await service.RollOutAsync(new RollOutRequest { Key = key, Share = 0.2 })).Version.Served.Share, Is.EqualTo(0.2));
        await AssertStatusAsync(service.StopAsync(new TransitionRequest { Key = key }), StatusCode.FailedPrecondition, "rolling_out");
        await AssertStatusAsync(service.RollBackAsync(new TransitionRequest { Key = key }), StatusCode.InvalidArgument, "reason:");
        Assert.That((await service.RollBackAsync(new TransitionRequest { Key = key, Reason = "slow" })).Status, Is.EqualTo("rolled_back"));
        await AssertStatusAsync(service.GetAsync(new GetExperimentRequest { Key = "gone" }), StatusCode.NotFound, "key:");
        var listed = await service.ListAsync(new ListExperimentsRequest { Statuses = { "rolled_back" }, Limit = 1_000 });
        Assert.That(listed.Experiments.Select(e => (e.Key, e.Version)), Does.Contain((key, (Experiment?)null)));
        await AssertStatusAsync(new ExperimentService.ExperimentServiceClient(channel.WithKey(Platform.ServerKey)).GetAsync(new GetExperimentRequest { Key = key }), StatusCode.PermissionDenied, "");
    }

    private static async Task AssertStatusAsync(AsyncUnaryCall<ExperimentState> call, StatusCode code, string said)
    {
        var error = await Assert.CatchAsync<RpcException>(async () => await call);
        Assert.That((error!.StatusCode, error.Status.Detail.Contains(said, StringComparison.Ordinal)), Is.EqualTo((code, true)), error.Status.Detail);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        using (response) Assert.That((response.StatusCode, Text(await BodyAsync(response), "code")), Is.EqualTo((status, code)));
    }

    private static async Task<string> CreateAsync(string assignment = "platform")
    {
        var key = TestPlatform.Unique("life");
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", Definition(key, key, assignment));
        return key;
    }

    private static object Definition(string? key, string name, string assignment = "platform") => new
    {
        key,
        name,
        assignment,
        variants = new[] { new { key = "control" }, new { key = "treatment" } },
        metrics = new[] { new { key = Metric } },
    };

    private static Task<HttpResponseMessage> CreateOnceAsync(string key, string once, string name)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/experiments") { Content = JsonContent.Create(Definition(key, name)) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Platform.AdminKey);
        request.Headers.Add("Idempotency-Key", once);
        return Platform.Http.SendAsync(request);
    }

    private static Task<JsonNode> PostAsync(string key, string command, object? body = null) => Platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/{command}", body);

    private static async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string key, string? command = null, object? body = null, string? bearer = null, Action<HttpRequestHeaders>? headers = null)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1/experiments/{key}{(command is null ? "" : "/" + command)}") { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer ?? Platform.AdminKey);
        headers?.Invoke(request.Headers);
        return await Platform.Http.SendAsync(request);
    }

    private static Task<JsonNode> ResultsAsync(string key, Func<JsonNode, bool> isRight, string what) => TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), isRight, what);

    /// <summary>The share of 1 000 units that have the treatment, once assignment knows the present version.</summary>
    private static async Task<double> ServedShareAsync(string key)
    {
        var version = (int)(await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}"))["version"]!;
        await TestPlatform.EventuallyAsync(() => Platform.AssignAsync("u", null, key), a => (int)a[0]!["version"]! == version, $"version {version} is in force");
        var answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => Platform.AssignAsync($"u{i}", null, key)));
        return answers.Count(a => Text(a[0]!, "variant") == "treatment") / 1_000.0;
    }

    private static async Task<JsonNode> BodyAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();
}

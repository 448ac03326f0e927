using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>The paths that existing clients use, request and response.</summary>
public sealed class CompatibilityTests
{
    private const string Ab = "/api/v1/conversion/ab-testing";
    private const string Behavioral = "/api/v1/conversion/behavioral";

    private static readonly TestPlatform Platform = TestPlatform.Current;

    private static object NewTest(string name, string type = "cta") =>
        new { name, type, variants = new object[] { new { name = "Old" }, new { name = "New", config = new { text = "Go" } } } };

    [Test]
    public async Task CroTests_FromCreationToTheEnd_ShowUpInEveryView()
    {
        var made = await Platform.AdminAsync(HttpMethod.Post, "/api/cro/tests", NewTest(TestPlatform.Unique("Legacy")));
        var id = (string)made["test_id"]!;
        Assert.That(((string?)made["id"], (string?)made["status"], (string?)made["type"]), Is.EqualTo((id, "running", "cta")));
        Assert.That(made["variants"]!.AsArray().Select(v => ((string?)v!["variant_id"], (string?)v["name"], (bool)v["is_control"]!)), Is.EqualTo(new[] { ("old", "Old", true), ("new", "New", false) }));
        Assert.That((string?)made["variants"]![1]!["config"]!["text"], Is.EqualTo("Go"));

        for (var i = 0; i < 20; i++)
        {
            var variant = i % 2 == 0 ? "old" : "new";
            await SendAsync("/api/cro/events", new { test_id = id, variant_id = variant, event_type = "impression", session_id = $"{id}-{i}", device_type = "mobile" });
            if (i % 4 == 1) await SendAsync("/api/cro/events", new { test_id = id, variant_id = variant, event_type = "click", session_id = $"{id}-{i}", device_type = "mobile" });
        }

        var analysed = await TestPlatform.EventuallyAsync(
            async () => (await Platform.AdminAsync(HttpMethod.Get, $"/api/cro/performance-analysis?test_id={id}"))["tests"]![0]!,
            t => (int)t["impressions"]! == 20 && (double)t["conversions"]! == 5,
            "20 impressions and 5 clicks");
        Assert.That(((string?)analysed["metric"], (double)analysed["conversion_rate"]!, (string?)analysed["verdict"]), Is.EqualTo(("click_through", 0.25, "undecided")));
        Assert.That(analysed["variants"]!.AsArray().Select(v => ((int)v!["impressions"]!, (double)v["conversion_rate"]!)), Is.EqualTo(new[] { (10, 0.0), (10, 0.5) }));

        Assert.That(Ids(await Platform.AdminAsync(HttpMethod.Get, "/api/cro/active-tests?limit=1000")), Does.Contain(id));
        var assets = await Platform.AdminAsync(HttpMethod.Get, $"/api/cro/asset-performance?test_id={id}");
        Assert.That(assets["assets"]!.AsArray().Select(a => (string?)a!["variant_id"]), Is.EqualTo(new[] { "new", "old" }), "the better one first");
        var overview = await Platform.AdminAsync(HttpMethod.Get, $"/api/cro/overview?test_id={id}");
        Assert.That(((int)overview["active_tests"]!, (int)overview["total_impressions"]!, (double)overview["total_conversions"]!), Is.EqualTo((1, 20, 5.0)));

        var ended = await Platform.AdminAsync(HttpMethod.Post, $"/api/cro/tests/{id}/end");
        Assert.That((string?)ended["status"], Is.EqualTo("completed"));
        Assert.That(ended["ended_at"], Is.Not.Null);
        Assert.That(Ids(await Platform.AdminAsync(HttpMethod.Get, "/api/cro/active-tests?limit=1000")), Does.Not.Contain(id));
    }

    [Test]
    public async Task CroTests_WithAClearDifference_AreAmongTheRecentWinners()
    {
        var outcome = TestPlatform.Unique("bought");
        var id = (string)(await Platform.AdminAsync(HttpMethod.Post, "/api/cro/tests", new
        {
            name = TestPlatform.Unique("Winner"),
            variants = new[] { new { name = "a" }, new { name = "b" } },
            metrics = new[] { outcome },
            decision = new { method = "fixed" },
        }))["test_id"]!;
        var events = new List<object>();
        for (var i = 0; i < 200; i++)
        {
            var variant = i % 2 == 0 ? "a" : "b";
            events.Add(new { test_id = id, variant_id = variant, event_type = "view", session_id = $"{id}-{i}" });
            if (i % 2 == 1 && i % 10 < 8) events.Add(new { test_id = id, variant_id = variant, event_type = outcome, session_id = $"{id}-{i}" });
        }

        var answer = await SendAsync(Behavioral + "/events/batch", new { events });
        Assert.That((int)answer["accepted"]!, Is.EqualTo(events.Count));
        await TestPlatform.EventuallyAsync(() => ResultsAsync(id), r => (int)r["impressions"]! == 200 && (double?)r["conversions"] == 80, "all counted");
        await Platform.AdminAsync(HttpMethod.Post, $"/api/cro/tests/{id}/end");
        var winner = await TestPlatform.EventuallyAsync(
            async () => (await Platform.AdminAsync(HttpMethod.Get, "/api/cro/recent-winners?limit=1000"))["winners"]!.AsArray().FirstOrDefault(w => (string?)w!["test_id"] == id),
            w => w is not null,
            "a winner");
        Assert.That((string?)winner!["winner"]!["variant_id"], Is.EqualTo("b"));
    }

    [Test]
    public async Task AbTesting_FromCreationToTheEnd_AnswersUnderItsOwnNames()
    {
        var made = await Platform.AdminAsync(HttpMethod.Post, Ab + "/tests", NewTest(TestPlatform.Unique("Ab")));
        var id = (string)made["id"]!;
        Assert.That((string?)made["status"], Is.EqualTo("draft"));
        using (var early = await Platform.SendAsync(HttpMethod.Post, Ab + "/events", Platform.WriteKey, JsonContent.Create(new { test_id = id, variant_id = "old", event_type = "view", session_id = "s" })))
        {
            Assert.That(early.StatusCode, Is.EqualTo(HttpStatusCode.Conflict), "it was not started");
        }

        foreach (var (action, status) in (IEnumerable<(string, string)>)[("start", "running"), ("pause", "paused"), ("resume", "running")])
        {
            Assert.That((string?)(await ControlAsync(id, action))["status"], Is.EqualTo(status));
        }

        var session = TestPlatform.Unique("session");
        var assigned = await TestPlatform.EventuallyAsync(() => AssignmentAsync(id, session), a => (bool)a["in_experiment"]!, "the assignment service knows the test");
        var variant = (string)assigned["variant_id"]!;
        Assert.That(((string?)assigned["test_id"], (string?)assigned["session_id"], (string?)assigned["reason"]), Is.EqualTo((id, session, "split")));
        Assert.That((string?)(await Platform.AssignAsync(session, null, id))[0]!["variant"], Is.EqualTo(variant), "the same as our own API");
        Assert.That((string?)assigned["config"]?["text"], Is.EqualTo(variant == "new" ? "Go" : null));

        await SendAsync(Ab + "/events", new { test_id = id, variant_id = variant, event_type = "impression", session_id = session, device_type = "desktop" });
        await SendAsync(Ab + "/events", new { test_id = id, variant_id = variant, event_type = "click", session_id = session, device_type = "desktop" });
        var results = await TestPlatform.EventuallyAsync(() => ResultsAsync(id), r => (int)r["impressions"]! == 1 && (double?)r["conversions"] == 1, "one impression and one click");
        Assert.That((int)results["results"]!["mismatched_units"]!, Is.Zero);
        Assert.That((string?)results["results"]!["experiment"], Is.EqualTo(id));
        Assert.That(Ids(await Platform.AdminAsync(HttpMethod.Get, Ab + "/tests?status=running&limit=1000")), Does.Contain(id));
        Assert.That((string?)(await ControlAsync(id, "stop"))["status"], Is.EqualTo("completed"));
        var rolledOut = await Platform.AdminAsync(HttpMethod.Put, $"{Ab}/tests/{id}/control", new { action = "roll_out", variant_id = "new", share = 1.0 });
        Assert.That((string?)rolledOut["status"], Is.EqualTo("completed"));
        var served = await TestPlatform.EventuallyAsync(() => AssignmentAsync(id, session), a => (string?)a["variant_id"] == "new", "the winner is served");
        Assert.That((string?)served["config"]!["text"], Is.EqualTo("Go"));
        Assert.That((string?)(await ControlAsync(id, "roll_back"))["status"], Is.EqualTo("rolled_back"));
    }

    [Test]
    public async Task Assignment_OfATestThatIsNot_BreaksNoPage()
    {
        var answer = await AssignmentAsync("no-such-test", "s");
        Assert.That(((bool)answer["in_experiment"]!, (string?)answer["reason"]), Is.EqualTo((false, "unknown_experiment")));
        Assert.That(answer["variant_id"], Is.Null);
    }

    [Test]
    public async Task Events_InABatch_AreRefusedOneByOneWithTheirPlaces()
    {
        var answer = await SendAsync(Behavioral + "/events/batch", new
        {
            events = new object[]
            {
                new { event_type = "scroll", session_id = "s", device_type = "mobile" },
                new { session_id = "s" },
                new { event_type = "click", session_id = "undefined" },
                new { event_type = "click", session_id = "s", test_id = "no-such-test" },
            },
        });
        Assert.That((int)answer["accepted"]!, Is.EqualTo(1));
        Assert.That(
            answer["rejected"]!.AsArray().Select(r => ((int)r!["index"]!, (string?)r["code"], (string?)r["field"])),
            Is.EqualTo(new[] { (1, "missing", "event_type"), (2, "junk_id", "visitor_id"), (3, "not_found", "test_id") }));
    }

    [TestCase("/api/cro/events")]
    [TestCase(Ab + "/events")]
    [TestCase(Behavioral + "/events")]
    public async Task Event_ThatIsRefused_AnswersWhyAndIsNotCounted(string path)
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, path, Platform.WriteKey, JsonContent.Create(new { event_type = "click", session_id = "s", timestamp = "yesterday" }));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.That(((string?)problem["code"], (string?)problem["field"]), Is.EqualTo(("invalid_timestamp", "timestamp")));
    }

    [TestCase("GET", "/api/cro/recommendations")]
    [TestCase("POST", "/api/cro/orchestrate")]
    [TestCase("POST", "/api/cro/ml/train")]
    [TestCase("POST", "/api/cro/ml/predict")]
    [TestCase("GET", Behavioral + "/insights")]
    [TestCase("GET", Behavioral + "/analytics/engagement")]
    public async Task Path_ThatIsNotCarriedOutYet_SaysSo(string method, string path)
    {
        using var response = await Platform.SendAsync(new HttpMethod(method), path, Platform.AdminKey);
        Assert.That(((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType), Is.EqualTo((501, "application/problem+json")));
        Assert.That((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"], Is.EqualTo("not_implemented"));
    }

    [TestCase("POST", "/api/cro/tests", """{"type": "cta"}""", 400, "name")]
    [TestCase("POST", Ab + "/tests", """{"name": "x", "variants": [{"name": "only"}]}""", 400, "variants")]
    [TestCase("PUT", Ab + "/tests/none/control", """{"action": "explode"}""", 400, "action")]
    [TestCase("PUT", Ab + "/tests/none/control", """{"action": "start"}""", 404, "key")]
    [TestCase("POST", "/api/cro/tests/none/end", "", 404, "key")]
    [TestCase("GET", Ab + "/tests/none/results", "", 404, "test_id")]
    [TestCase("GET", Ab + "/assignment?session_id=s", "", 400, "test_id")]
    [TestCase("GET", Ab + "/assignment?test_id=t", "", 400, "session_id")]
    public async Task Request_ThatCannotBeCarriedOut_NamesTheField(string method, string path, string body, int status, string field)
    {
        using var response = await Platform.SendAsync(new HttpMethod(method), path, Platform.AdminKey, body.Length > 0 ? new StringContent(body) : null);
        Assert.That((int)response.StatusCode, Is.EqualTo(status), await response.Content.ReadAsStringAsync());
        Assert.That((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["field"], Is.EqualTo(field));
    }

    [Test]
    public async Task Stream_OfATest_ShowsItsEventsAndResultsAsTheyCome()
    {
        var id = (string)(await Platform.AdminAsync(HttpMethod.Post, "/api/cro/tests", NewTest(TestPlatform.Unique("Streamed"))))["id"]!;
        using var socket = await ConnectAsync(id, Platform.AdminKey);
        var test = await ReceiveAsync(socket, m => (string?)m["type"] == "test");
        Assert.That((string?)test["test"]!["test_id"], Is.EqualTo(id));
        await SendAsync(Behavioral + "/events", new { test_id = id, variant_id = "new", event_type = "view", session_id = "watched", device_type = "mobile" });
        await SendAsync(Behavioral + "/events", new { test_id = id, variant_id = "new", event_type = "smile", session_id = "watched", value = 1.5 });
        var shown = new[] { await ReceiveAsync(socket, IsEvent), await ReceiveAsync(socket, IsEvent) }.Select(m => m["event"]!).ToList();
        Assert.That(
            shown.Select(e => ((string?)e["event_type"], (string?)e["variant_id"], (string?)e["visitor_id"], (double?)e["value"])),
            Is.EquivalentTo(new (string?, string?, string?, double?)[] { ("exposure", "new", "watched", null), ("smile", "new", "watched", 1.5) }));
        var results = await ReceiveAsync(socket, m => (string?)m["type"] == "results" && (int)m["results"]!["exposures"]! == 1);
        Assert.That((string?)results["results"]!["experiment"], Is.EqualTo(id));

        static bool IsEvent(JsonNode message) => (string?)message["type"] == "event";
    }

    [TestCase("", 4401)]
    [TestCase("admin", 4404)]
    public async Task Stream_ForNobodyOrOfNoTest_IsClosedWithItsReason(string who, int status)
    {
        using var socket = await ConnectAsync("no-such-test", who == "admin" ? Platform.AdminKey : Platform.WriteKey);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var message = await socket.ReceiveAsync(new ArraySegment<byte>(new byte[1_024]), patience.Token);
        Assert.That((message.MessageType, (int?)socket.CloseStatus), Is.EqualTo((WebSocketMessageType.Close, status)));
    }

    private static async Task<ClientWebSocket> ConnectAsync(string test, string key)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri(Platform.Public.Replace("http", "ws", StringComparison.Ordinal) + $"{Behavioral}/stream/{test}"), default);
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { key }), WebSocketMessageType.Text, true, default);
        return socket;
    }

    private static async Task<JsonNode> ReceiveAsync(ClientWebSocket socket, Func<JsonNode, bool> isRight)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var text = new MemoryStream();
        var buffer = new byte[8_192];
        while (true)
        {
            var part = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), patience.Token);
            Assert.That(part.MessageType, Is.EqualTo(WebSocketMessageType.Text), socket.CloseStatusDescription);
            text.Write(buffer, 0, part.Count);
            if (!part.EndOfMessage) continue;
            var message = JsonNode.Parse(text.ToArray())!;
            if (isRight(message)) return message;
            text.SetLength(0);
        }
    }

    private static async Task<JsonNode> SendAsync(string path, object body)
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, path, Platform.WriteKey, JsonContent.Create(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Accepted), text);
        return JsonNode.Parse(text)!;
    }

    private static async Task<JsonNode> AssignmentAsync(string test, string session)
    {
        using var response = await Platform.SendAsync(HttpMethod.Get, $"{Ab}/assignment?test_id={test}&session_id={session}&device_type=mobile", Platform.WriteKey);
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        return JsonNode.Parse(text)!;
    }

    private static Task<JsonNode> ResultsAsync(string id) => Platform.AdminAsync(HttpMethod.Get, $"{Ab}/tests/{id}/results");

    private static Task<JsonNode> ControlAsync(string id, string action) => Platform.AdminAsync(HttpMethod.Put, $"{Ab}/tests/{id}/control", new { action });

    private static IEnumerable<string?> Ids(JsonNode list) => list["tests"]!.AsArray().Select(t => (string?)t!["test_id"]);
}

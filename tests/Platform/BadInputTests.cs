using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>What is refused says why, names the field, leaves its neighbours alone and changes nothing.</summary>
public sealed class BadInputTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private static IEnumerable<TestCaseData> BadEvents()
    {
        yield return Case("""{"visitor_id": "v"}""", "missing", "type");
        yield return Case("""{"type": "x"}""", "missing", "visitor_id");
        yield return Case("""{"type": "x", "visitor_id": ""}""", "missing", "visitor_id");
        yield return Case("""{"type": "x", "visitor_id": "undefined"}""", "junk_id", "visitor_id");
        yield return Case("""{"type": 5, "visitor_id": "v"}""", "wrong_type", "type");
        yield return Case("""{"type": "x", "visitor_id": 7}""", "wrong_type", "visitor_id");
        yield return Case("""{"type": "x", "visitor_id": "v", "value": "9"}""", "wrong_type", "value");
        yield return Case("""{"type": "x", "visitor_id": "v", "value": 1e400}""", "out_of_range", "value");
        yield return Case("""{"type": "x", "visitor_id": "v", "value": 9223372036854775808}""", "out_of_range", "value");
        yield return Case("""{"type": "purchase", "visitor_id": "v", "value": -1}""", "negative_value", "value");
        yield return Case("""{"type": "x", "visitor_id": "v", "currency": "euro"}""", "invalid_currency", "currency");
        yield return Case("""{"type": "x", "visitor_id": "v", "timestamp": "1970-01-01T00:00:00Z"}""", "timestamp_too_old", "timestamp");
        yield return Case("""{"type": "x", "visitor_id": "v", "timestamp": "2100-01-01T00:00:00Z"}""", "timestamp_in_future", "timestamp");
        yield return Case("""{"type": "x", "visitor_id": "v", "timestamp": "yesterday"}""", "invalid_timestamp", "timestamp");
        yield return Case("""{"type": "x", "visitor_id": "\ud800"}""", "invalid_text", "visitor_id");
        yield return Case("""{"type": "x", "visitor_id": "a\u0000b"}""", "invalid_text", "visitor_id");
        yield return Case("""{"type": "x", "visitor_id": "v", "properties": {"a": {"b": "\udc00"}}}""", "invalid_text", "properties.a.b");
        yield return Case("""{"type": "x", "visitor_id": "v", "properties": [1]}""", "wrong_type", "properties");
        yield return Case("""{"type": "x", "visitor_id": "v", "visitor_id": "w"}""", "duplicate_field", "visitor_id");
        yield return Case("""{"type": "exposure", "visitor_id": "v", "variant": "a"}""", "missing", "experiment");
        yield return Case("""{"type": "exposure", "visitor_id": "v", "experiment": "e"}""", "missing", "variant");
        yield return Case("""{"type": "exposure", "visitor_id": "v", "experiment": "e", "variant": "a", "version": -1}""", "wrong_type", "version");
        yield return Case($$"""{"type": "x", "visitor_id": "{{new string('v', 257)}}"}""", "too_long", "visitor_id");
        yield return Case("7", "wrong_type", "event");

        static TestCaseData Case(string json, string code, string field) => new TestCaseData(json, code, field).SetArgDisplayNames(json.Length > 60 ? json[..60] : json);
    }

    [TestCaseSource(nameof(BadEvents))]
    public async Task Events_OneBadAmongGood_IsRefusedWithItsFieldAndTheOthersAreTaken(string json, string code, string field)
    {
        var good = $$"""{"type": "x", "visitor_id": "{{TestPlatform.Unique("good")}}"}""";
        var answer = await SendAsync($$"""{"events": [{{good}}, {{json}}, {{good}}]}""", HttpStatusCode.Accepted);
        Assert.That((int)answer["accepted"]!, Is.EqualTo(2));
        var rejected = answer["rejected"]!.AsArray().Single()!;
        Assert.That(((int)rejected["index"]!, (string)rejected["code"]!, (string)rejected["field"]!), Is.EqualTo((1, code, field)));
        Assert.That((string)rejected["message"]!, Is.Not.Empty);
    }

    [TestCase("""{"type": "x", "visitor_id": """, "malformed_json")]
    [TestCase("""{"type": "x", "visitor_id": "v", "value": NaN}""", "malformed_json")]
    [TestCase("", "malformed_json")]
    [TestCase("[]", "wrong_type")]
    [TestCase("""{"events": {}}""", "wrong_type")]
    [TestCase("""{"events": [], "sent_at": "now"}""", "invalid_timestamp")]
    public async Task Events_UnreadableRequest_Is400AsAWhole(string body, string code)
    {
        var problem = await SendAsync(body, HttpStatusCode.BadRequest);
        Assert.That((string)problem["code"]!, Is.EqualTo(code));
    }

    [Test]
    public async Task Events_NestedTenThousandDeep_Is400() =>
        Assert.That((string)(await SendAsync(new string('[', 10_000), HttpStatusCode.BadRequest))["code"]!, Is.EqualTo("malformed_json"));

    [Test]
    public async Task Events_TenMebibytes_Is413() =>
        Assert.That((string)(await SendAsync($"\"{new string('x', 10 << 20)}\"", HttpStatusCode.RequestEntityTooLarge))["code"]!, Is.EqualTo("too_large"));

    [Test]
    public async Task Events_AHundredThousandInABatch_Is413()
    {
        var problem = await SendAsync($$"""{"events": [{{string.Join(',', Enumerable.Repeat("{}", 100_000))}}]}""", HttpStatusCode.RequestEntityTooLarge);
        Assert.That(((string)problem["code"]!, (string)problem["field"]!), Is.EqualTo(("too_many_events", "events")));
    }

    [Test]
    public async Task Events_Refused_WriteNothingButTheirRefusal()
    {
        // What others sent is acknowledged and so in the log already; only this test's own events could move its end.
        var before = EventLog.End(Platform.Kafka);
        var marker = TestPlatform.Unique("refused");
        await SendAsync($$"""{"events": [{"type": "{{marker}}", "visitor_id": "null"}]}""", HttpStatusCode.Accepted);
        var record = await Rejections.FindAsync(Platform.Kafka, marker);
        Assert.That((record.Code, record.Field, record.Site), Is.EqualTo(("junk_id", "visitor_id", "default")));
        Assert.That(EventLog.End(Platform.Kafka), Is.EqualTo(before));
    }

    [Test]
    public async Task Events_ClientClockYearsOff_IsCorrectedBySentAt()
    {
        var answer = await SendAsync(
            """{"sent_at": "1999-12-31T23:59:50Z", "events": [{"type": "x", "visitor_id": "v", "timestamp": "1999-12-31T23:59:45Z"}]}""", HttpStatusCode.Accepted);
        Assert.That((int)answer["accepted"]!, Is.EqualTo(1));
    }

    [TestCase("metrics", """{"key": "a b", "kind": "conversion", "event": "e", "direction": "increase"}""", "key")]
    [TestCase("metrics", """{"key": "m", "kind": "magic", "event": "e", "direction": "increase"}""", "kind")]
    [TestCase("metrics", """{"key": "m", "kind": "conversion", "direction": "increase"}""", "event")]
    [TestCase("metrics", """{"key": "m", "kind": "conversion", "event": "e", "direction": "up"}""", "direction")]
    [TestCase("metrics", """{"key": "m", "kind": "conversion", "event": "e", "direction": "increase", "window_hours": "day"}""", "window_hours")]
    [TestCase("experiments", """{"key": "e", "variants": [{"key": "a"}], "metrics": [{"key": "m"}]}""", "variants")]
    [TestCase("experiments", """{"key": "e", "variants": [{"key": "a"}, {"key": "a"}], "metrics": [{"key": "m"}]}""", "variants")]
    [TestCase("experiments", """{"key": "e", "variants": [{"key": "a", "weight": 50}, {"key": "b", "weight": 50}], "metrics": [{"key": "m"}]}""", "variants[0].weight")]
    [TestCase("experiments", """{"key": "e", "variants": [{"key": "a"}, {"key": "b"}], "metrics": [{"key": "no-such-metric"}]}""", "metrics[0].key")]
    [TestCase("experiments", """{"key": "e", "variants": [{"key": "a"}, {"key": "b"}], "metrics": [{"key": "m"}], "coverage": 2}""", "coverage")]
    [TestCase("experiments", """{"key": "e", "variants": [{"key": "a"}, {"key": "b"}], "metrics": [{"key": "m"}], "decision": {"confidence": 95}}""", "decision.confidence")]
    public async Task Management_BadField_IsNamed(string resource, string body, string field)
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, $"/api/v1/{resource}", Platform.AdminKey, Json(body));
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string)problem["field"]!, Is.EqualTo(field));
    }

    [Test]
    public async Task Transition_ThatTheStatusForbids_Is409()
    {
        var (key, metric) = (TestPlatform.Unique("e"), TestPlatform.Unique("m"));
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], metric);
        using var again = await Platform.SendAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/start", Platform.AdminKey);
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
    }

    [TestCase("POST", "/v1/events", "write_key", null)]
    [TestCase("POST", "/api/v1/assignments", "server_key", "write_key")]
    [TestCase("GET", "/api/v1/metrics", "admin_key", "server_key")]
    [TestCase("POST", "/api/v1/metrics", "admin_key", "server_key")]
    [TestCase("GET", "/api/v1/metrics/x", "admin_key", "write_key")]
    [TestCase("GET", "/api/v1/experiments", "admin_key", "server_key")]
    [TestCase("POST", "/api/v1/experiments", "admin_key", "server_key")]
    [TestCase("GET", "/api/v1/experiments/x", "admin_key", "write_key")]
    [TestCase("POST", "/api/v1/experiments/x/start", "admin_key", "write_key")]
    [TestCase("POST", "/api/v1/experiments/x/stop", "admin_key", "write_key")]
    [TestCase("GET", "/api/v1/experiments/x/results", "admin_key", "server_key")]
    [TestCase("GET", "/api/v1/statistics/balance", "admin_key", "write_key")]
    public async Task Endpoint_WithoutOrWithTooSmallAKey_IsClosed(string method, string path, string enough, string? tooSmall)
    {
        Assert.That(await StatusAsync(null), Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await StatusAsync("wrong"), Is.EqualTo(HttpStatusCode.Unauthorized));
        if (tooSmall is not null) Assert.That(await StatusAsync(Platform.Text(tooSmall)), Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await StatusAsync(Platform.Text(enough)), Is.Not.EqualTo(HttpStatusCode.Unauthorized).And.Not.EqualTo(HttpStatusCode.Forbidden));

        async Task<HttpStatusCode> StatusAsync(string? key)
        {
            using var response = await Platform.SendAsync(new HttpMethod(method), path, key, method == "POST" ? Json("{}") : null);
            return response.StatusCode;
        }
    }

    private static async Task<JsonNode> SendAsync(string body, HttpStatusCode expected)
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, "/v1/events", Platform.WriteKey, Json(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(expected), text);
        if (expected != HttpStatusCode.Accepted) Assert.That(response.Content.Headers.ContentType!.MediaType, Is.EqualTo("application/problem+json"));
        return JsonNode.Parse(text)!;
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

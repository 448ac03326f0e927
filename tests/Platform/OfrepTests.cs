using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>OpenFeature's Remote Evaluation Protocol: by its own clients, then what they hide.</summary>
public sealed class OfrepTests
{
    private const string Flags = "/ofrep/v1/evaluate/flags";
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private string _text = "";
    private string _number = "";
    private string _keyed = "";
    private string _targeted = "";
    private string _stopped = "";

    [OneTimeSetUp]
    public async Task PublishAsync()
    {
        await Platform.CreateMetricAsync(_text = TestPlatform.Unique("ofrep"), "conversion", "purchase");
        _number = await StartAsync([new { key = "a", config = (object)1 }, new { key = "b", config = (object)2.5 }]);
        _keyed = await StartAsync([new { key = "control" }, new { key = "treatment" }]);
        _targeted = await StartAsync(
            [new { key = "a", config = (object)new { color = "red" } }, new { key = "b", config = (object)new { color = "blue" } }], new { country = "PL" });
        _stopped = await StartAsync([new { key = "off", config = (object)false }, new { key = "on", config = (object)true }]);
        await Platform.TransitAsync(_stopped, "stop");
        await TestPlatform.EventuallyAsync(
            () => EvaluateAsync(_stopped, new { targetingKey = "u" }), a => (string?)a["reason"] == "DISABLED", "the stop reaches the assignment service");

        async Task<string> StartAsync(object[] variants, object? targeting = null)
        {
            var key = TestPlatform.Unique("ofrep");
            await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new { key, name = key, variants, targeting, metrics = new[] { new { key = _text } } });
            await Platform.TransitAsync(key, "start");
            return key;
        }
    }

    [Test]
    public async Task ServerSdk_EveryType_GetsTheVariantOfThePlatform()
    {
        var units = Enumerable.Range(0, 20).Select(i => $"user {i}").ToArray();
        object Question(string type, string flag, object fallback, string unit) =>
            new { type, flag, @default = fallback, context = new { targetingKey = unit, country = "PL" } };
        var questions = units.SelectMany(u => new[]
        {
            Question("number", _number, -1, u), Question("string", _keyed, "none", u), Question("object", _targeted, new { }, u), Question("boolean", _stopped, true, u),
        });

        var details = (await NodeClient.RunAsync("ofrep", "evaluate.mjs", new { baseUrl = Platform.Public, key = Platform.ServerKey, questions })).AsArray();

        for (var i = 0; i < units.Length; i++)
        {
            var own = await Platform.AssignAsync(units[i], new { country = "PL" }, _number, _keyed, _targeted, _stopped);
            for (var j = 0; j < own.Count; j++)
            {
                var theirs = details[4 * i + j]!;
                Assert.That((string?)theirs["variant"], Is.EqualTo((string?)own[j]!["variant"]));
                Assert.That((string?)theirs["reason"], Is.EqualTo(j == 3 ? "DISABLED" : "SPLIT"));
                var value = j == 1 ? own[j]!["variant"] : own[j]!["config"];
                Assert.That(JsonNode.DeepEquals(theirs["value"], value), Is.True, $"{theirs["value"]} is not {value}");
                Assert.That((string?)theirs["flagMetadata"]!["experiment"], Is.EqualTo((string?)own[j]!["experiment"]));
            }
        }
    }

    [Test]
    public async Task ServerSdk_WhatHasNoValue_GivesTheCodesDefaultAndTheRightError()
    {
        var details = (await NodeClient.RunAsync("ofrep", "evaluate.mjs", new
        {
            baseUrl = Platform.Public,
            key = Platform.WriteKey,
            questions = new object[]
            {
                new { type = "string", flag = "no such flag/at all", @default = "d", context = new { targetingKey = "u" } },
                new { type = "string", flag = _keyed, @default = "d", context = new { } },
                new { type = "boolean", flag = _keyed, @default = true, context = new { targetingKey = "u" } },
                new { type = "object", flag = _targeted, @default = new { }, context = new { targetingKey = "u", country = "DE" } },
            },
        })).AsArray();

        Assert.That(details.Select(d => (string?)d!["errorCode"]), Is.EqualTo(new[] { "FLAG_NOT_FOUND", "TARGETING_KEY_MISSING", "TYPE_MISMATCH", null }));
        Assert.That((string?)details[3]!["reason"], Is.EqualTo("DEFAULT"), "whom targeting leaves out gets the control");
        Assert.That((string?)details[3]!["value"]!["color"], Is.EqualTo("red"));
    }

    [Test]
    public async Task WebSdk_AttributesChange_FollowsThem()
    {
        var inside = new { targetingKey = await UnitInAsync(_targeted, "b"), country = "PL" };
        var outside = inside with { country = "DE" };

        var answers = (await NodeClient.RunAsync("ofrep-web", "evaluate.mjs", new
        {
            baseUrl = Platform.Public,
            key = Platform.WriteKey,
            flag = _keyed,
            contexts = new[] { inside, outside, inside },
        })).AsArray();

        Assert.That(answers.SelectMany(a => a!["calls"]!.AsArray()).Select(c => (int)c!["status"]!), Is.EqualTo(new[] { 200, 200, 200 }));
        Assert.That(answers.Select(a => (string?)a!["details"]!["reason"]), Is.All.EqualTo("SPLIT"));
    }

    [Test]
    public async Task Bulk_TagOfTheSameContext_GivesNothingNew_AndOfAnotherEverything()
    {
        var context = new { targetingKey = await UnitInAsync(_targeted, "b"), country = "PL" };
        using var first = await PostAsync("/", new { context });
        var flags = JsonNode.Parse(await first.Content.ReadAsStringAsync())!["flags"]!.AsArray();
        Assert.That(flags.Select(f => (string?)f!["key"]), Is.SupersetOf(new[] { _number, _keyed, _targeted, _stopped }));

        // Other tests publish experiments meanwhile, which rightly changes the tag: then it is asked for again.
        var repeated = await TestPlatform.EventuallyAsync(
            async () =>
            {
                using var now = await PostAsync("", new { context });
                using var again = await PostAsync("", new { context }, now.Headers.ETag);
                return again.StatusCode;
            },
            status => status == HttpStatusCode.NotModified,
            "the tag holds");
        Assert.That(repeated, Is.EqualTo(HttpStatusCode.NotModified));
        using var other = await PostAsync("", new { context = context with { country = "DE" } }, first.Headers.ETag);
        Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Bulk_WithoutTargetingKey_FailsOnlyTheFlagsThatSplit()
    {
        using var response = await PostAsync("", new { });
        var flags = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["flags"]!.AsArray();

        Assert.That((string?)flags.Single(f => (string?)f!["key"] == _keyed)!["errorCode"], Is.EqualTo("TARGETING_KEY_MISSING"));
        Assert.That((bool)flags.Single(f => (string?)f!["key"] == _stopped)!["value"]!, Is.False, "a stopped experiment gives its control to everybody");
    }

    [TestCase("{", HttpStatusCode.BadRequest, "PARSE_ERROR")]
    [TestCase("[]", HttpStatusCode.BadRequest, "PARSE_ERROR")]
    [TestCase("""{"context": 7}""", HttpStatusCode.BadRequest, "INVALID_CONTEXT")]
    [TestCase("""{"context": {"targetingKey": 7}}""", HttpStatusCode.BadRequest, "INVALID_CONTEXT")]
    [TestCase("""{"context": {"targetingKey": "u", "a": ["\ud800"]}}""", HttpStatusCode.BadRequest, "INVALID_CONTEXT")]
    [TestCase("", HttpStatusCode.BadRequest, "TARGETING_KEY_MISSING")]
    [TestCase("""{"context": {"targetingKey": ""}}""", HttpStatusCode.BadRequest, "TARGETING_KEY_MISSING")]
    public async Task Single_ContextThatCannotBeUsed_NamesFlagAndError(string body, HttpStatusCode status, string code)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await Platform.SendAsync(HttpMethod.Post, $"{Flags}/{_keyed}", Platform.WriteKey, content);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.That((response.StatusCode, (string?)answer["key"], (string?)answer["errorCode"]), Is.EqualTo((status, _keyed, code)));
    }

    [Test]
    public async Task EveryRefusal_IsInTheProtocolsShape()
    {
        using var none = await Platform.SendAsync(HttpMethod.Post, $"{Flags}/{_keyed}", null);
        using var wrong = await Platform.SendAsync(HttpMethod.Post, Flags, "not a key");
        using var large = await Platform.SendAsync(HttpMethod.Post, Flags, Platform.WriteKey, new ByteArrayContent(new byte[(1 << 20) + 1]));
        using var get = await Platform.SendAsync(HttpMethod.Get, $"{Flags}/{_keyed}", Platform.WriteKey);

        Assert.That(
            new[] { none.StatusCode, wrong.StatusCode, large.StatusCode, get.StatusCode },
            Is.EqualTo(new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.MethodNotAllowed }));
        Assert.That(get.Content.Headers.Allow, Does.Contain("POST"));
        foreach (var response in new[] { none, wrong, large })
        {
            Assert.That((string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["errorDetails"], Is.Not.Empty);
        }
    }

    [Test]
    public async Task Browser_OfAnyOrigin_MayAskAndSeesTheTag()
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Flags);
        preflight.Headers.Add("Origin", "https://shop.example");
        preflight.Headers.Add("Access-Control-Request-Method", "POST");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,content-type,if-none-match,x-api-key");
        using var allowed = await Platform.Http.SendAsync(preflight);
        using var request = new HttpRequestMessage(HttpMethod.Post, Flags) { Content = JsonContent.Create(new { context = new { targetingKey = "u" } }) };
        request.Headers.Add("Origin", "https://shop.example");
        request.Headers.Add("X-API-Key", Platform.WriteKey);
        using var answer = await Platform.Http.SendAsync(request);

        Assert.That((int)allowed.StatusCode, Is.InRange(200, 204));
        Assert.That(allowed.Headers.GetValues("Access-Control-Allow-Origin"), Is.EqualTo(new[] { "*" }));
        Assert.That(string.Join(',', allowed.Headers.GetValues("Access-Control-Allow-Headers")), Does.Contain("if-none-match").IgnoreCase);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(string.Join(',', answer.Headers.GetValues("Access-Control-Expose-Headers")), Does.Contain("ETag").And.Contain("Retry-After"));
    }

    private static async Task<string> UnitInAsync(string experiment, string variant)
    {
        for (var i = 0; ; i++)
        {
            var answer = await Platform.AssignAsync($"u{i}", new { country = "PL" }, experiment);
            if ((string?)answer[0]!["variant"] == variant) return $"u{i}";
        }
    }

    private static async Task<JsonNode> EvaluateAsync(string flag, object context)
    {
        using var response = await PostAsync($"/{flag}", new { context });
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private static async Task<HttpResponseMessage> PostAsync(string path, object body, EntityTagHeaderValue? held = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Flags + path) { Content = JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Platform.WriteKey);
        if (held is not null) request.Headers.IfNoneMatch.Add(held);
        return await Platform.Http.SendAsync(request);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Serve.Compatibility;

namespace CroPlatform.Services.Tests.Experiments;

/// <summary>What existing clients send, made into what the platform knows.</summary>
public sealed class CompatibilityTests
{
    [TestCase("impression")]
    [TestCase("view")]
    [TestCase("exposure")]
    public void Event_ThatShowsAVariant_IsTheExposure(string type)
    {
        var made = Event($$"""{"test_id": "t", "variant_id": "b", "event_type": "{{type}}", "session_id": "s1", "device_type": "mobile"}""");
        var expected = """{"session_id": "s1", "type": "exposure", "visitor_id": "s1", "context": {"device_type": "mobile"}, "experiment": "t", "variant": "b"}""";
        Assert.That(JsonNode.DeepEquals(made, JsonNode.Parse(expected)), Is.True, made.ToJsonString());
    }

    [Test]
    public void Event_OfAnOutcome_KeepsItsTestAsAPropertyAndTheRestAsItIs()
    {
        var made = Event(
            """
            {"test_id": "t", "variant_id": "b", "event_type": "purchase", "event_id": "e1", "visitor_id": "v", "session_id": "s", "revenue": 12.50,
             "properties": {"sku": "x"}, "context": {"country": "PL"}, "device_type": "desktop", "user_id": "u", "anything": [1]}
            """);
        var expected =
            """
            {"type": "purchase", "id": "e1", "visitor_id": "v", "session_id": "s", "user_id": "u", "value": 12.50, "anything": [1],
             "properties": {"sku": "x", "test_id": "t", "variant_id": "b"}, "context": {"country": "PL", "device_type": "desktop"}}
            """;
        Assert.That(JsonNode.DeepEquals(made, JsonNode.Parse(expected)), Is.True, made.ToJsonString());
    }

    [Test]
    public void Event_OfAViewWithoutATest_IsAnOrdinaryEvent() =>
        Assert.That((string?)Event("""{"event_type": "view", "session_id": "s"}""")["type"], Is.EqualTo("view"));

    [TestCase("1767225600", "2026-01-01T00:00:00.000Z")]
    [TestCase("1767225600000", "2026-01-01T00:00:00.000Z")]
    [TestCase("1767225600.25", "2026-01-01T00:00:00.250Z")]
    [TestCase("\"2026-01-01T00:00:00Z\"", "2026-01-01T00:00:00Z")]
    public void Event_WithANumberForATime_IsToldInIso(string timestamp, string iso) =>
        Assert.That((string?)Event($$"""{"event_type": "click", "session_id": "s", "timestamp": {{timestamp}}}""")["timestamp"], Is.EqualTo(iso));

    [TestCase("{}", "missing", "event_type")]
    [TestCase("""{"event_type": "click"}""", "missing", "session_id")]
    [TestCase("""{"event_type": "view", "session_id": "s", "test_id": "t"}""", "missing", "variant_id")]
    [TestCase("""{"event_type": "view", "session_id": 7}""", "wrong_type", "session_id")]
    [TestCase("""{"event_type": "view", "session_id": "s", "test_id": 7}""", "wrong_type", "test_id")]
    [TestCase("[]", "wrong_type", "event")]
    public void Event_ThatCannotBeRead_NamesTheField(string json, string code, string field)
    {
        var (made, problem) = LegacyEvent.Read(JsonDocument.Parse(json).RootElement);
        Assert.That(made, Is.Null);
        Assert.That((problem!.Code, problem.Field), Is.EqualTo((code, field)));
    }

    [Test]
    public void Test_OfNameTypeAndVariants_IsAnExperimentThatPassesEveryRule()
    {
        var draft = Draft("""{"name": "Größer! Now?", "type": "hero", "variants": [{"name": "Old"}, {"name": "New one", "config": {"headline": "x"}}]}""");
        Assert.That(ExperimentRules.Check(draft.Experiment).Concat(draft.Metrics.SelectMany(MetricRules.Check)), Is.Empty);
        Assert.That(draft.Experiment.Key, Does.Match("^gr-er-now-[0-9a-f]{6}$"));
        Assert.That(draft.Experiment.Variants!.Select(v => v!.Key), Is.EqualTo(new[] { "old", "new-one" }));
        Assert.That(draft.Experiment.Tags, Is.EqualTo(new[] { "type:hero" }));
        Assert.That(draft.Metrics.Select(m => m.Key), Is.EqualTo(new[] { "click_through", "conversion", "errors" }), "those of the template");
    }

    [Test]
    public void Test_OfPercentagesAndOwnEvents_IsReadAsMeant()
    {
        var draft = Draft(
            """
            {"name": "x", "variants": [{"id": "a", "weight": 80}, {"id": "a", "weight": 20, "is_control": true}], "metrics": ["conversion", "Newsletter Opened", "my_metric"]}
            """);
        Assert.That(draft.Experiment.Variants!.Select(v => (v!.Key, v.Weight, v.Control)), Is.EqualTo(new (string?, double?, bool?)[] { ("a", 0.8, null), ("a-2", 0.2, true) }));
        Assert.That(draft.Metrics.Select(m => (m.Key, m.Event)), Is.EqualTo(new[] { ("conversion", "conversion"), ("newsletter-opened", "Newsletter Opened"), ("my_metric", "my_metric") }));
    }

    [TestCase("""{"variants": [{"name": "a"}, {"name": "b"}]}""", "name")]
    [TestCase("""{"name": "x"}""", "variants")]
    [TestCase("""{"name": "x", "variants": []}""", "variants")]
    [TestCase("""{"name": "x", "variants": [{"name": "a"}, null]}""", "variants[1]")]
    public void Test_ThatCannotBeRead_NamesTheField(string json, string field) =>
        Assert.That(LegacyDraft.Of(JsonSerializer.Deserialize<LegacyTestRequest>(json, JsonBody.Options)!, "external").Problem!.Field, Is.EqualTo(field));

    private static JsonObject Event(string json) => LegacyEvent.Read(JsonDocument.Parse(json).RootElement).Event!.Event;

    private static LegacyDraft Draft(string json) => LegacyDraft.Of(JsonSerializer.Deserialize<LegacyTestRequest>(json, JsonBody.Options)!, "external").Draft!;
}

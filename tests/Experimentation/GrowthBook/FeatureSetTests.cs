using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Experimentation.GrowthBook;

namespace CroPlatform.Experimentation.Tests.GrowthBook;

/// <summary>Features, experiments, sticky buckets and redirects against the conformance cases.</summary>
public sealed class FeatureSetTests
{
    /// <summary>
    /// The cases of kind "feature" that contextual bandits need: leaves of a decision tree with weights of their own, and result fields for
    /// them. Our own contextual bandits decide on the server, so payloads carry no such trees.
    /// </summary>
    private static readonly string[] ContextualBandits =
    [
        "CB rule with empty contexts (explore) buckets on marginal weights with fallback leaf -1",
        "CB rule with no contexts key falls back to marginal weights (fallback leaf -1)",
        "CB rule with empty contexts uses marginal weights (fallback leaf -1)",
        "CB rule with empty contexts is overridden by forced variation like a normal experiment",
    ];

    private static IEnumerable<TestCaseData> FeatureCases() =>
        Vectors.Of("feature").Where(c => !ContextualBandits.Contains(((JsonElement)c.Arguments[0]!)[0].GetString()));

    private static IEnumerable<TestCaseData> RunCases() => Vectors.Of("run");

    private static IEnumerable<TestCaseData> StickyCases() => Vectors.Of("stickyBucket");

    private static IEnumerable<TestCaseData> RedirectCases() => Vectors.Of("urlRedirect");

    [Test]
    public void Cases_LeftOut_AreOnlyContextualBandits() =>
        Assert.That(FeatureCases().Count(), Is.EqualTo(Vectors.Count("feature") - ContextualBandits.Length));

    /// <summary>A case is [name, context, feature, expected result].</summary>
    [TestCaseSource(nameof(FeatureCases))]
    public void Evaluate_ConformanceCase_AsTheReferenceSays(JsonElement test)
    {
        var result = FeatureSet.Parse(test[1]).Evaluate(test[2].GetString()!, User(test[1]));
        var expected = test[3];
        Assert.That(Same(result.Value, expected.GetProperty("value")), Is.True, $"value {result.Value}");
        Assert.That(JsonNamingPolicy.CamelCase.ConvertName(result.Source.ToString()), Is.EqualTo(expected.GetProperty("source").GetString()));
        Assert.That(result.RuleId, Is.EqualTo(expected.GetProperty("ruleId").GetString()));
        Assert.That(result.Experiment is null, Is.EqualTo(!expected.TryGetProperty("experiment", out var experiment)));
        if (result.Experiment is null) return;
        Assert.That(result.Experiment.Key, Is.EqualTo(experiment.GetProperty("key").GetString()));
        Assert.That(experiment.GetProperty("variations").EnumerateArray().Zip(result.Experiment.Variations, Same), Has.All.True);
        AssertResult(result.ExperimentResult, expected.GetProperty("experimentResult"));
    }

    /// <summary>A case is [name, context, experiment, value, in experiment, hash used].</summary>
    [TestCaseSource(nameof(RunCases))]
    public void Run_ConformanceCase_AsTheReferenceSays(JsonElement test)
    {
        var features = FeatureSet.Parse(test[1]);
        var result = features.Run(features.Compile(test[2]), User(test[1]));
        Assert.That(Same(result.Value, test[3]), Is.True, $"value {result.Value}");
        Assert.That((result.InExperiment, result.HashUsed), Is.EqualTo((test[4].GetBoolean(), test[5].GetBoolean())));
    }

    /// <summary>A case is [name, context, remembered documents, feature, experiment's result or null, documents afterwards].</summary>
    [TestCaseSource(nameof(StickyCases))]
    public void Evaluate_StickyConformanceCase_AsTheReferenceSays(JsonElement test)
    {
        var attributes = test[1].GetProperty("attributes");
        // An SDK loads only the documents of the user's own attributes.
        var documents = test[2].EnumerateArray().Select(d => d.Deserialize<StickyDocument>(JsonSerializerOptions.Web)!)
            .Where(d => attributes.TryGetProperty(d.AttributeName, out var value) && value.GetString() == d.AttributeValue);
        var user = User(test[1]) with { Sticky = new StickyBuckets(documents) };
        var result = FeatureSet.Parse(test[1]).Evaluate(test[3].GetString()!, user);
        AssertResult(result.ExperimentResult, test[4]);
        foreach (var expected in test[5].EnumerateObject())
        {
            Assert.That(user.Sticky.Documents, Does.ContainKey(expected.Name));
            var document = user.Sticky.Documents[expected.Name];
            Assert.That((document.AttributeName, document.AttributeValue), Is.EqualTo(
                (expected.Value.GetProperty("attributeName").GetString(), expected.Value.GetProperty("attributeValue").GetString())));
            Assert.That(document.Assignments, Is.EquivalentTo(expected.Value.GetProperty("assignments").Deserialize<Dictionary<string, string>>()!));
        }

        Assert.That(user.Sticky.Documents, Has.Count.EqualTo(test[5].EnumerateObject().Count()));
    }

    /// <summary>A case is [name, context, [the redirect that is made]].</summary>
    [TestCaseSource(nameof(RedirectCases))]
    public void Redirect_ConformanceCase_AsTheReferenceSays(JsonElement test)
    {
        var features = FeatureSet.Parse(test[1]);
        var user = User(test[1]);
        var expected = test[2][0];
        Assert.That(features.Redirect(user), Is.EqualTo(expected.GetProperty("urlWithParams").GetString()));
        var first = features.Experiments.Select(e => features.Run(e, user)).First(r => r.InExperiment);
        Assert.That(first.Value.GetProperty("urlRedirect").GetString(), Is.EqualTo(expected.GetProperty("urlRedirect").GetString()));
    }

    [TestCase("""{"features": {"f": {"rules": [{"condition": []}]}}}""")]
    [TestCase("""{"features": {"f": {"rules": [{"variations": [0, 1], "weights": ["a", "b"]}]}}}""")]
    public void Parse_WhatIsNoPayload_IsRefused(string json) =>
        Assert.That(() => FeatureSet.Parse(JsonDocument.Parse(json).RootElement), Throws.TypeOf<FormatException>());

    private static UserContext User(JsonElement context) => new()
    {
        Attributes = context.TryGetProperty("attributes", out var attributes) ? attributes : JsonDocument.Parse("{}").RootElement,
        Url = context.TryGetProperty("url", out var url) ? url.GetString()! : "",
        Enabled = !context.TryGetProperty("enabled", out var enabled) || enabled.GetBoolean(),
        QaMode = context.TryGetProperty("qaMode", out var qa) && qa.GetBoolean(),
        ForcedVariations = context.TryGetProperty("forcedVariations", out var forced) ? forced.Deserialize<Dictionary<string, int>>()! : [],
    };

    private static void AssertResult(ExperimentResult? result, JsonElement expected)
    {
        if (expected.ValueKind == JsonValueKind.Null)
        {
            Assert.That(result, Is.Null);
            return;
        }

        Assert.That(result, Is.Not.Null);
        var json = new JsonObject
        {
            ["key"] = result!.Key,
            ["featureId"] = result.FeatureId,
            ["variationId"] = result.VariationId,
            ["value"] = JsonNode.Parse(result.Value.GetRawText()),
            ["inExperiment"] = result.InExperiment,
            ["hashUsed"] = result.HashUsed,
            ["hashAttribute"] = result.HashAttribute,
            ["hashValue"] = JsonNode.Parse(result.HashValue.GetRawText()),
            ["stickyBucketUsed"] = result.StickyBucketUsed,
        };
        if (result.Name is { } name) json["name"] = name;
        if (result.Bucket is { } bucket) json["bucket"] = bucket;
        if (result.Passthrough) json["passthrough"] = true;
        Assert.That(JsonNode.DeepEquals(json, JsonNode.Parse(expected.GetRawText())), Is.True, $"{json}\n{expected}");
    }

    private static bool Same(JsonElement a, JsonElement b) => JsonElement.DeepEquals(a, b);
}

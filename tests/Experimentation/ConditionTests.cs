using System.Text.Json;
using CroPlatform.Experimentation.Targeting;
using CroPlatform.Experimentation.Tests.GrowthBook;

namespace CroPlatform.Experimentation.Tests;

/// <summary>Conditions against all of GrowthBook's conformance cases.</summary>
public sealed class ConditionTests
{
    /// <summary>A case is [name, condition, attributes, expected, saved groups?].</summary>
    private static IEnumerable<TestCaseData> ConditionCases() => Vectors.Of("evalCondition");

    [TestCaseSource(nameof(ConditionCases))]
    public void Holds_ConformanceCase_AsTheReferenceSays(JsonElement test)
    {
        var groups = test.GetArrayLength() > 4 ? test[4].EnumerateObject().ToDictionary(g => g.Name, g => g.Value) : null;
        Assert.That(Condition.ParseLeniently(test[1], groups).Holds(test[2]), Is.EqualTo(test[3].GetBoolean()));
    }

    [TestCase("""{"a": {"$near": 1}}""", "$near")]
    [TestCase("""[]""", "object")]
    [TestCase("""{"$or": {}}""", "array")]
    [TestCase("""{"a": {"$in": 1}}""", "array")]
    [TestCase("""{"a": {"$regex": "("}}""", "regular expression")]
    public void Parse_WhatIsNoCondition_IsRefusedWithTheReason(string json, string reason) =>
        Assert.That(() => Condition.Parse(JsonDocument.Parse(json).RootElement), Throws.TypeOf<FormatException>().With.Message.Contains(reason));

    [Test]
    public void Parse_AThousandRules_IsRefused()
    {
        var json = $$"""{"$or": [{{string.Join(',', Enumerable.Range(0, 1_000).Select(i => $$"""{"a": {{i}}}"""))}}]}""";
        Assert.That(() => Condition.Parse(JsonDocument.Parse(json).RootElement), Throws.TypeOf<FormatException>());
    }

    [TestCase("^(a+)+$")]
    [TestCase(@"^(a+)+\1$", Description = "a back-reference needs the engine that backtracks")]
    public void Holds_PatternThatBacktracks_DoesNotHoldAndEnds(string pattern)
    {
        var condition = Condition.Parse(JsonSerializer.SerializeToElement(new { a = new Dictionary<string, string> { ["$regex"] = pattern } }));
        var attributes = JsonDocument.Parse($$"""{"a": "{{new string('a', 5_000)}}!"}""").RootElement;
        Assert.That(condition.Holds(attributes), Is.False);
    }
}

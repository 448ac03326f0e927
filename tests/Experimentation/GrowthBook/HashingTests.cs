using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.GrowthBook;

namespace CroPlatform.Experimentation.Tests.GrowthBook;

/// <summary>Hashes, ranges, namespaces and overrides against the conformance cases.</summary>
public sealed class HashingTests
{
    private static IEnumerable<TestCaseData> HashCases() => Vectors.Of("hash");

    private static IEnumerable<TestCaseData> RangeCases() => Vectors.Of("getBucketRange");

    private static IEnumerable<TestCaseData> ChoiceCases() => Vectors.Of("chooseVariation");

    private static IEnumerable<TestCaseData> WeightCases() => Vectors.Of("getEqualWeights");

    private static IEnumerable<TestCaseData> NamespaceCases() => Vectors.Of("inNamespace");

    private static IEnumerable<TestCaseData> OverrideCases() => Vectors.Of("getQueryStringOverride");

    [Test]
    public void Kinds_OfCases_AreAllTestedButTwo() => Assert.That(Vectors.Kinds, Is.EquivalentTo(new[]
    {
        "specVersion", "evalCondition", "hash", "getBucketRange", "feature", "run", "chooseVariation", "getQueryStringOverride", "inNamespace",
        "getEqualWeights", "stickyBucket", "urlRedirect",
        // Left out: payloads are not encrypted, and contextual bandits decide on the server.
        "decrypt", "contextualBandit",
    }));

    /// <summary>A case is [seed, value, version, position or null].</summary>
    [TestCaseSource(nameof(HashCases))]
    public void Position_ConformanceCase_FallsWhereTheReferenceSays(JsonElement test) => Assert.That(
        Bucket.Position(test[0].GetString(), test[1].GetString(), test[2].GetInt32()),
        Is.EqualTo(test[3].ValueKind == JsonValueKind.Null ? (double?)null : test[3].GetDouble()));

    /// <summary>A case is [name, [variations, coverage, weights], ranges], rounded to six digits.</summary>
    [TestCaseSource(nameof(RangeCases))]
    public void OfAny_ConformanceCase_GivesTheReferencesRanges(JsonElement test)
    {
        var weights = test[1][2].ValueKind == JsonValueKind.Null ? null : test[1][2].EnumerateArray().Select(w => w.GetDouble()).ToList();
        var ranges = BucketRanges.OfAny(test[1][0].GetInt32(), test[1][1].GetDouble(), weights);
        Assert.That(
            Enumerable.Range(0, ranges.Count).Select(i => (Math.Round(ranges[i].Start, 6), Math.Round(ranges[i].End, 6))),
            Is.EqualTo(test[2].EnumerateArray().Select(r => (r[0].GetDouble(), r[1].GetDouble()))));
    }

    /// <summary>A case is [name, position, ranges, variation].</summary>
    [TestCaseSource(nameof(ChoiceCases))]
    public void VariantAt_ConformanceCase_ChoosesTheReferencesVariation(JsonElement test) => Assert.That(
        BucketRanges.Of([.. test[2].EnumerateArray().Select(r => new BucketRange(r[0].GetDouble(), r[1].GetDouble()))]).VariantAt(test[1].GetDouble()),
        Is.EqualTo(test[3].GetInt32()));

    /// <summary>A case is [n, weights], rounded to eight digits.</summary>
    [TestCaseSource(nameof(WeightCases))]
    public void EqualWeights_ConformanceCase_AreTheReferences(JsonElement test) => Assert.That(
        BucketRanges.EqualWeights(test[0].GetInt32()), Is.EqualTo(test[1].EnumerateArray().Select(w => w.GetDouble())).Within(1e-8));

    /// <summary>A case is [name, unit, [namespace, from, to], included].</summary>
    [TestCaseSource(nameof(NamespaceCases))]
    public void Includes_ConformanceCase_AsTheReferenceSays(JsonElement test) => Assert.That(
        new Namespace(test[2][0].GetString()!, test[2][1].GetDouble(), test[2][2].GetDouble()).Includes(test[1].GetString()!), Is.EqualTo(test[3].GetBoolean()));

    /// <summary>A case is [name, experiment, url, variations, variation or null].</summary>
    [TestCaseSource(nameof(OverrideCases))]
    public void Find_ConformanceCase_AsTheReferenceSays(JsonElement test) => Assert.That(
        QueryStringOverride.Find(test[1].GetString()!, test[2].GetString()!, test[3].GetInt32()),
        Is.EqualTo(test[4].ValueKind == JsonValueKind.Null ? (int?)null : test[4].GetInt32()));
}

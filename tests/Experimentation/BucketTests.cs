using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Experimentation.Tests;

/// <summary>Bucketing against GrowthBook's own conformance cases, and what must hold for any weights.</summary>
public sealed class BucketTests
{
    private static readonly JsonElement Cases = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "vectors", "growthbook-cases.json"))).RootElement;

    /// <summary>A case is [seed, value, version, position]; versions other than 2 belong to imported experiments.</summary>
    private static IEnumerable<TestCaseData> HashCases() => Cases.GetProperty("hash").EnumerateArray()
        .Where(c => c[2].GetInt32() == 2 && c[3].ValueKind == JsonValueKind.Number)
        .Select(c => new TestCaseData(c[0].GetString(), c[1].GetString(), c[3].GetDouble()));

    /// <summary>A case is [name, [arms, coverage, weights], ranges]; cases with weights left out mean equal ones, which is the caller's affair here.</summary>
    private static IEnumerable<TestCaseData> RangeCases() => Cases.GetProperty("getBucketRange").EnumerateArray()
        .Where(c => c[1][2].ValueKind == JsonValueKind.Array && c[1][2].GetArrayLength() == c[1][0].GetInt32())
        .Where(c => c[1][1].GetDouble() is >= 0 and <= 1 && Math.Abs(c[1][2].EnumerateArray().Sum(w => w.GetDouble()) - 1) < 1e-9)
        .Select(c => new TestCaseData(
            c[1][1].GetDouble(),
            c[1][2].EnumerateArray().Select(w => w.GetDouble()).ToArray(),
            c[2].EnumerateArray().Select(r => (r[0].GetDouble(), r[1].GetDouble())).ToArray()).SetArgDisplayNames(c[0].GetString()!));

    [TestCaseSource(nameof(HashCases))]
    public void Of_ConformanceCase_FallsWhereTheReferenceSays(string seed, string value, double position) =>
        Assert.That(Bucket.Position(Bucket.Of(seed, value)), Is.EqualTo(position));

    [TestCaseSource(nameof(RangeCases))]
    public void Ranges_ConformanceCase_AreThoseOfTheReference(double coverage, double[] weights, (double, double)[] expected)
    {
        var ranges = BucketRanges.Of(weights, coverage);
        // The reference's cases are rounded to six digits.
        Assert.That(Enumerable.Range(0, weights.Length).Select(i => (Math.Round(ranges[i].Start, 6), Math.Round(ranges[i].End, 6))), Is.EqualTo(expected));
    }

    [Test]
    public void ExpectedShares_OnePercentOverThreeArms_CountsBuckets()
    {
        double[] thirds = [1 / 3.0, 1 / 3.0, 1 / 3.0];
        Assert.That(BucketRanges.Of(thirds, 0.01).ExpectedShares(), Is.EqualTo(new[] { 0.34, 0.33, 0.33 }).Within(1e-15));
    }

    [Test]
    public void ExpectedShares_NoCoverage_AreZero() => Assert.That(BucketRanges.Of([0.5, 0.5], 0).ExpectedShares(), Is.EqualTo(new[] { 0.0, 0.0 }));

    [Test]
    public void Of_ManyUnits_FillsBucketsEvenly()
    {
        var counts = new int[100];
        for (var i = 0; i < 100_000; i++) counts[Bucket.Of("seed", $"visitor-{i}") / 100]++;
        var chiSquare = counts.Sum(c => (c - 1_000.0) * (c - 1_000.0) / 1_000.0);
        Assert.That(chiSquare, Is.LessThan(165), "the 0.99999 quantile of chi-square with 99 degrees of freedom is 166");
    }

    [Test]
    public void VariantAt_CoverageRaised_MovesNoOneWhoIsIn() => Prop.ForAll(
        ArbMap.Default.ArbFor<(NonEmptyString, byte, byte)>(),
        input =>
        {
            var (unit, a, b) = input;
            var (low, high) = (Math.Min(a, b) / 255.0, Math.Max(a, b) / 255.0);
            var position = Bucket.Position(Bucket.Of("seed", unit.Get));
            var before = BucketRanges.Of([0.2, 0.3, 0.5], low).VariantAt(position);
            return before < 0 || before == BucketRanges.Of([0.2, 0.3, 0.5], high).VariantAt(position);
        }).QuickCheckThrowOnFailure();
}

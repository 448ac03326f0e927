using System.Text.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>Ten real tests through the public door, against what scipy finds on the same counts.</summary>
public sealed class UpworthyReferenceTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private static readonly JsonElement Reference = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "reference", "upworthy.json"))).RootElement;

    private static readonly string Click = TestPlatform.Unique("click");

    private static IEnumerable<TestCaseData> Tests() =>
        Reference.GetProperty("tests").EnumerateArray().Select(t => new TestCaseData(t).SetArgDisplayNames(t.GetProperty("test").GetString()!));

    [OneTimeSetUp]
    public Task CreateMetric() => Platform.CreateMetricAsync(Click, "conversion", Click);

    [TestCaseSource(nameof(Tests))]
    public async Task Results_OfARealTest_EqualScipys(JsonElement test)
    {
        var key = TestPlatform.Unique("upworthy");
        var packages = test.GetProperty("packages").EnumerateArray().ToList();
        await Platform.StartExperimentAsync(key, "external", [.. packages.Select(p => $"p{p.GetProperty("package")}")], Click);
        foreach (var batch in Events(key, packages).Chunk(1_000)) await Platform.SendEventsAsync(batch);
        await Platform.TransitAsync(key, "stop");
        var results = await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key),
            r => (long)r["exposures"]! == packages.Sum(p => p.GetProperty("impressions").GetInt64()) && (string)r["status"]! == "completed"
                && r["decision"]!["reasons"]!.AsArray().All(reason => (string)reason!["code"]! != "counting")
                && Sums(r) == packages.Sum(p => p.GetProperty("clicks").GetInt64()),
            "every impression and click is counted");

        var metric = results["metrics"]![0]!;
        Close((double)metric["p_value"]!, test.GetProperty("p_value").GetDouble(), "chi-square over the packages");
        Close((double)results["sample_ratio"]!["p_value"]!, test.GetProperty("sample_ratio_p_value").GetDouble(), "sample ratio");
        foreach (var (arm, package) in metric["variants"]!.AsArray().Zip(packages))
        {
            Assert.That((long)arm!["n"]!, Is.EqualTo(package.GetProperty("impressions").GetInt64()));
            Assert.That((double)arm["sum"]!, Is.EqualTo(package.GetProperty("clicks").GetInt64()));
            if (package.GetProperty("p_value").ValueKind == JsonValueKind.Number) Close((double)arm["p_value"]!, package.GetProperty("p_value").GetDouble(), "against control");
        }

        var isBroken = test.GetProperty("sample_ratio_p_value").GetDouble() < 0.001;
        Assert.That((bool)results["sample_ratio"]!["ok"]!, Is.EqualTo(!isBroken));
        Assert.That((string)results["decision"]!["verdict"]! == "blocked", Is.EqualTo(isBroken), "a broken sample ratio is flagged, not decided");
        Assert.That((string)results["decision"]!["verdict"]!, Is.Not.EqualTo("undecided"), "the test was stopped: its verdict is final");
    }

    private static double Sums(JsonNode results) => results["metrics"]![0]!["variants"]!.AsArray().Sum(v => (double)v!["sum"]!);

    private static void Close(double actual, double expected, string what) =>
        Assert.That(actual, Is.EqualTo(expected).Within(Math.Max(1e-9 * expected, 1e-300)), $"{what}: relative error of 1e-9");

    private static IEnumerable<object> Events(string experiment, List<JsonElement> packages)
    {
        var now = DateTimeOffset.UtcNow;
        foreach (var package in packages)
        {
            var number = package.GetProperty("package").GetInt32();
            for (var i = 0; i < package.GetProperty("impressions").GetInt32(); i++)
            {
                var visitor = $"{experiment}-{number}-{i}";
                yield return new { id = $"{visitor}-x", type = "exposure", visitor_id = visitor, experiment, variant = $"p{number}", timestamp = now };
                if (i < package.GetProperty("clicks").GetInt32()) yield return new { id = $"{visitor}-c", type = Click, visitor_id = visitor, timestamp = now };
            }
        }
    }
}

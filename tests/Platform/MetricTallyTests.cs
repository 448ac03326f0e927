using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Tests.Statistics;

namespace CroPlatform.Platform.Tests;

/// <summary>Every kind of metric through the public door, against the tally that tally.py makes of the same traffic; then what lies behind the results.</summary>
public sealed class MetricTallyTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Results_OfEveryKindOfMetric_AreThoseOfAnIndependentTally()
    {
        var tally = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(TestContext.CurrentContext.TestDirectory, "reference", "tally-minutes.json"))).RootElement;
        var key = TestPlatform.Unique("tally");
        var start = await StartAsync(key, tally);
        foreach (var chunk in tally.GetProperty("events").EnumerateArray().Select(e => EventOf(key, e, start)).Chunk(500))
        {
            await Platform.SendEventsAsync(chunk);
        }

        // Once more, as a client does that got no answer.
        await Platform.SendEventsAsync([.. tally.GetProperty("events").EnumerateArray().Take(500).Select(e => EventOf(key, e, start))]);
        var expected = tally.GetProperty("expected");
        var results = await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key), r => IsComplete(r, expected), "every event is counted");
        // A quantile's error depends on the units' names, which differ with every run.
        ExpectedFigures.Compare(Renamed(results, key), expected, "p90");

        var quality = await TestPlatform.EventuallyAsync(
            () => DetailsAsync(key, "quality"),
            q => (long?)q["waterfall"]?["analysed_units"] == expected.GetProperty("exposures").GetInt64(), "the survey has seen every unit");
        Assert.That((long)quality["waterfall"]!["crossover_units"]!, Is.EqualTo(expected.GetProperty("crossover_units").GetInt64()));
        Assert.That((long)quality["waterfall"]!["outside_run"]!, Is.GreaterThan(0), "exposures from before the start");
        Assert.That((long)quality["waterfall"]!["unknown_variant"]!, Is.GreaterThanOrEqualTo(expected.GetProperty("mismatched_units").GetInt64()));
        var devices = (await DetailsAsync(key, $"dimensions?metric={key}-bought&dimension=device"))["dimensions"]!.AsArray().Single()!;
        Assert.That(devices["values"]!.AsArray().Select(v => (string)v!["value"]!), Is.EquivalentTo(new[] { "phone", "desktop" }));
        Assert.That(
            devices["values"]!.AsArray().Sum(v => v!["variants"]!.AsArray().Sum(a => (long)a!["n"]!)), Is.EqualTo(expected.GetProperty("exposures").GetInt64()));
        var days = await DetailsAsync(key, "days");
        Assert.That(
            days["exposure_days"]!.AsArray().Where(d => (string)d!["metric"]! == $"{key}-bought").Sum(d => d!["variants"]!.AsArray().Sum(a => (long)a!["n"]!)),
            Is.EqualTo(expected.GetProperty("exposures").GetInt64()));
        await TestPlatform.EventuallyAsync(
            () => DetailsAsync(key, "history"),
            h => h["hours"]!.AsArray() is [.., { } last] && (long)last["exposures"]! == expected.GetProperty("exposures").GetInt64(), "the hour's row is set");
    }

    /// <returns>The moment of its start, in milliseconds.</returns>
    private static async Task<long> StartAsync(string key, JsonElement tally)
    {
        foreach (var metric in tally.GetProperty("metrics").EnumerateArray())
        {
            var named = JsonNode.Parse(metric.GetRawText().Replace("\"event\":\"", $"\"event\":\"{key}-", StringComparison.Ordinal)
                .Replace("\"start_event\":\"", $"\"start_event\":\"{key}-", StringComparison.Ordinal))!;
            named["key"] = $"{key}-{metric.GetProperty("key").GetString()}";
            await Platform.AdminAsync(HttpMethod.Post, "/api/v1/metrics", named);
        }

        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
        {
            key,
            assignment = "external",
            variants = new[] { new { key = "a" }, new { key = "b" }, new { key = "c" } },
            metrics = tally.GetProperty("metrics").EnumerateArray().Select(m => new { key = $"{key}-{m.GetProperty("key").GetString()}" }),
        });
        var started = await Platform.TransitAsync(key, "start");
        Assert.That((string)started["decision"]!["method"]!, Is.EqualTo("always_valid"), "the method where none is given");
        return DateTimeOffset.Parse((string)started["phases"]![0]!["periods"]![0]!["from"]!, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
    }

    private static JsonObject EventOf(string key, JsonElement row, long start)
    {
        var variant = row.GetProperty("variant").GetString();
        var unit = row.GetProperty("unit").GetString()!;
        var sent = new JsonObject
        {
            ["id"] = $"{key}-{row.GetProperty("id").GetString()}",
            ["type"] = variant is null ? $"{key}-{row.GetProperty("type").GetString()}" : "exposure",
            ["visitor_id"] = $"{key}-{unit}",
            ["timestamp"] = DateTimeOffset.FromUnixTimeMilliseconds(start + row.GetProperty("time").GetInt64()).ToString("O"),
            ["context"] = new JsonObject { ["device_type"] = unit.Length % 2 == 0 ? "phone" : "desktop" },
        };
        if (variant is not null) (sent["experiment"], sent["variant"]) = (key, variant);
        if (row.GetProperty("value").GetString() is { } value) sent["value"] = JsonNode.Parse(value);
        if (row.GetProperty("properties") is { ValueKind: JsonValueKind.Object } properties) sent["properties"] = JsonNode.Parse(properties.GetRawText());
        return sent;
    }

    private static bool IsComplete(JsonNode results, JsonElement expected) =>
        (long)results["exposures"]! == expected.GetProperty("exposures").GetInt64()
        && results["metrics"]!.AsArray().Zip(expected.GetProperty("metrics").EnumerateArray()).All(m => Sum(m.First!["variants"]!) == Sum(JsonNode.Parse(m.Second.GetProperty("variants").GetRawText())!));

    private static double Sum(JsonNode variants) => variants.AsArray().Sum(v => (double)v!["sum"]!);

    private static JsonNode Renamed(JsonNode results, string key) => JsonNode.Parse(results.ToJsonString().Replace($"\"{key}-", "\"", StringComparison.Ordinal))!;

    private static Task<JsonNode> DetailsAsync(string key, string details) => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/results/{details}");
}

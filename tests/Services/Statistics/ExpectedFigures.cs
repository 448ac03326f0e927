using System.Text.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Compares results with those of reference/tally.py: counts to the last digit, estimates to 1e-9.</summary>
internal static class ExpectedFigures
{
    private const double Tolerance = 1e-9;
    private static readonly string[] Counts = ["n", "sum", "denominator"];

    /// <param name="results">As the API answers them.</param>
    /// <param name="leftOut">Metrics of which only sums and means are compared.</param>
    public static void Compare(JsonNode results, JsonElement expected, params string[] leftOut)
    {
        foreach (var name in (string[])["exposures", "crossover_units", "mismatched_units"])
        {
            Assert.That((long)results[name]!, Is.EqualTo(expected.GetProperty(name).GetInt64()), name);
        }

        foreach (var (metric, its) in results["metrics"]!.AsArray().Zip(expected.GetProperty("metrics").EnumerateArray()))
        {
            var key = (string)metric!["key"]!;
            Assert.That(key, Is.EqualTo(its.GetProperty("key").GetString()));
            if (its.GetProperty("p_value").ValueKind == JsonValueKind.Number) Close((double?)metric["p_value"], its.GetProperty("p_value").GetDouble(), $"{key}, over all arms");
            foreach (var (variant, figures) in metric["variants"]!.AsArray().Zip(its.GetProperty("variants").EnumerateArray()))
            {
                foreach (var figure in figures.EnumerateObject().Where(f => f.Name != "key"))
                {
                    if (leftOut.Contains(key) && figure.Name is not ("n" or "sum" or "mean")) continue;
                    Compare(variant!, figure, $"{key}, {variant!["key"]}: {figure.Name}");
                }
            }
        }
    }

    private static void Compare(JsonNode variant, JsonProperty figure, string what)
    {
        var actual = figure.Name switch
        {
            "always_valid_p_value" => variant["always_valid"]!["p_value"],
            "adjusted_p_value" => variant["adjusted"]!["p_value"],
            "adjusted_difference" => variant["adjusted"]!["difference"],
            var name => variant[name],
        };
        switch (figure.Value.ValueKind)
        {
            case JsonValueKind.Null:
                Assert.That(actual, Is.Null, what);
                break;
            case JsonValueKind.Array when figure.Name == "steps":
                Assert.That(actual!.AsArray().Select(s => (long)s!["units"]!), Is.EqualTo(figure.Value.EnumerateArray().Select(v => v.GetInt64())), what);
                break;
            case JsonValueKind.Array:
                var ends = figure.Value.EnumerateArray().Select(v => v.GetDouble()).ToList();
                Assert.That(actual!.AsArray().Select(end => (double)end!), Is.EqualTo(ends).Within(Tolerance * ends.Max(Math.Abs)), what);
                break;
            default:
                if (Counts.Contains(figure.Name)) Assert.That((double)actual!, Is.EqualTo(figure.Value.GetDouble()), what);
                else Close((double?)actual, figure.Value.GetDouble(), what);
                break;
        }
    }

    private static void Close(double? actual, double expected, string what) =>
        Assert.That(actual, Is.EqualTo(expected).Within(Tolerance * Math.Max(1e-3, Math.Abs(expected))), what);
}

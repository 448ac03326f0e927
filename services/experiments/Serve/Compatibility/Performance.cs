using System.Text.Json.Nodes;
using CroPlatform.Kafka;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>How a test stands by its first metric, read out of its published results.</summary>
internal sealed record Performance
{
    public required LegacyTest Test { get; init; }

    /// <summary>Units that were exposed; 0 while there are no results.</summary>
    public required long Impressions { get; init; }

    /// <summary>Units that converted; null where the first metric is none of conversions.</summary>
    public double? Conversions { get; init; }
    public double? ConversionRate { get; init; }
    public string? Metric { get; init; }

    /// <summary>undecided, winner, loser, equivalent, inconclusive or blocked.</summary>
    public required string Verdict { get; init; }
    public required IReadOnlyList<JsonNode> Reasons { get; init; }
    public LegacyArm? Winner { get; init; }
    public bool? SampleRatioOk { get; init; }
    public required IReadOnlyList<LegacyArm> Arms { get; init; }
    public DateTimeOffset? AsOf { get; init; }

    public static Performance Of(string site, StoredExperiment stored, ResultsReader results)
    {
        var test = LegacyTest.Of(stored);
        if (results.Find(site, stored.Key) is not { } published)
        {
            return new Performance { Test = test, Impressions = 0, Verdict = "undecided", Reasons = [], Arms = [.. test.Variants.Select(v => LegacyArm.Empty(test, v))] };
        }

        var json = JsonNode.Parse(published.ResultsJson.Span)!;
        var metric = json["metrics"]!.AsArray().FirstOrDefault();
        var arms = test.Variants.Select(v => LegacyArm.Of(test, v, metric)).ToList();
        var verdict = json["decision"]!;
        var variant = (string?)verdict["variant"];
        var isConversion = (string?)metric?["kind"] == "conversion";
        var impressions = arms.Sum(a => a.Impressions);
        var conversions = isConversion ? arms.Sum(a => a.Conversions ?? 0) : (double?)null;
        return new Performance
        {
            Test = test,
            Impressions = impressions,
            Conversions = conversions,
            ConversionRate = impressions > 0 ? conversions / impressions : null,
            Metric = (string?)metric?["key"],
            Verdict = (string)verdict["verdict"]!,
            Reasons = [.. verdict["reasons"]!.AsArray().Select(r => r!.DeepClone())],
            Winner = (string?)verdict["verdict"] == "winner" ? arms.FirstOrDefault(a => a.VariantId == variant) : null,
            SampleRatioOk = (bool?)json["sample_ratio"]?["ok"],
            Arms = arms,
            AsOf = DateTimeOffset.FromUnixTimeMilliseconds(published.AsOfMs),
        };
    }
}

/// <summary>A variant's figures by the test's first metric.</summary>
/// <param name="Conversions">The sum of the outcomes: units that converted, for a metric of conversions.</param>
/// <param name="ConversionRate">The mean outcome of a unit.</param>
/// <param name="Lift">Against the control; 0.031 is 3.1 %.</param>
internal sealed record LegacyArm(
    string TestId,
    string VariantId,
    string Name,
    System.Text.Json.JsonElement? Config,
    bool IsControl,
    long Impressions,
    double? Conversions,
    double? ConversionRate,
    double? Lift,
    JsonNode? ConfidenceInterval,
    double? PValue)
{
    public static LegacyArm Empty(LegacyTest test, LegacyVariant variant) =>
        new(test.Id, variant.Id, variant.Name, variant.Config, variant.IsControl, 0, null, null, null, null, null);

    public static LegacyArm Of(LegacyTest test, LegacyVariant variant, JsonNode? metric)
    {
        if (metric?["variants"]!.AsArray().FirstOrDefault(v => (string?)v!["key"] == variant.Id) is not { } figures) return Empty(test, variant);
        return new LegacyArm(
            test.Id,
            variant.Id,
            variant.Name,
            variant.Config,
            variant.IsControl,
            (long)figures["n"]!,
            (double?)figures["sum"],
            (double?)figures["mean"],
            (double?)figures["lift"],
            figures["lift_interval"]?.DeepClone(),
            (double?)figures["p_value"]);
    }
}

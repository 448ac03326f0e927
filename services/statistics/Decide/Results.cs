using System.Text.Json;
using System.Text.Json.Serialization;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>The results contract. A figure that cannot be computed is null and named in <c>missing</c> with the reason.</summary>
internal sealed record ExperimentResults
{
    public required string Experiment { get; init; }
    public required int Version { get; init; }
    public required string Status { get; init; }
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Units in the analysis: each was exposed, in one variant only.</summary>
    public required long Exposures { get; init; }

    public required long CrossoverUnits { get; init; }
    public required long MismatchedUnits { get; init; }
    public required long BotUnits { get; init; }
    public required SampleRatioResult SampleRatio { get; init; }
    public required IReadOnlyList<MetricResult> Metrics { get; init; }
    public required Verdict Decision { get; init; }

    /// <summary>What to know before believing the figures.</summary>
    public required IReadOnlyList<Reason> Warnings { get; init; }

    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

/// <param name="PValue">The smallest over the phases.</param>
/// <param name="Ok">Every phase's p is at least 0.001, and no arm without a share has units.</param>
internal sealed record SampleRatioResult(double? PValue, double? LogPValue, bool Ok, IReadOnlyDictionary<string, string> Missing);

internal sealed record MetricResult
{
    public required string Key { get; init; }
    public required string Name { get; init; }
    public required string Kind { get; init; }
    public required string Direction { get; init; }
    public required bool Guardrail { get; init; }

    /// <summary>
    /// Of all arms at once: chi-square without Yates for conversions, Welch's ANOVA for means; over several phases Cochran, Mantel and Haenszel's, and
    /// Wald's chi-square for means; for ratios and quantiles Wald's always.
    /// </summary>
    public double? PValue { get; init; }

    public double? LogPValue { get; init; }

    /// <summary>What units' outcomes are cut at; absent without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CapFigures? Cap { get; init; }

    /// <summary>Of a metric that was added while the experiment ran; else absent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AddedFigures? Added { get; init; }

    public required IReadOnlyList<VariantFigures> Variants { get; init; }
    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

/// <param name="Counted">refolded: over all units, from the facts that were kept; from_now: over the units exposed from then on.</param>
/// <param name="From">Since when; absent where all units are counted.</param>
internal sealed record AddedFigures(DateTimeOffset At, string Counted, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? From)
{
    public static AddedFigures? Of(Metric metric) => metric.AddedMs == 0 ? null : new AddedFigures(
        DateTimeOffset.FromUnixTimeMilliseconds(metric.AddedMs),
        metric.CountsFromMs > 0 ? "from_now" : "refolded",
        metric.CountsFromMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(metric.CountsFromMs) : null);
}

/// <param name="Value">Null while a percentile cap is not frozen.</param>
/// <param name="Percentile">Absent where the cap was given.</param>
internal sealed record CapFigures(double? Value, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Percentile);

/// <summary>One arm. Lift, difference and p are against the control; lift is treatment / control − 1.</summary>
internal sealed record VariantFigures
{
    public required string Key { get; init; }
    public required string Name { get; init; }
    public required bool Control { get; init; }
    public required long N { get; init; }
    public required double Sum { get; init; }
    public double? Mean { get; init; }
    public double? StandardError { get; init; }
    public double? Lift { get; init; }
    public double[]? LiftInterval { get; init; }
    public double? Difference { get; init; }
    public double[]? DifferenceInterval { get; init; }
    public double? PValue { get; init; }
    public double? LogPValue { get; init; }

    /// <summary>Holm's over all metrics and arms of the experiment.</summary>
    public double? AdjustedPValue { get; init; }

    /// <summary>To find the decision's min_effect with the units there are.</summary>
    public double? Power { get; init; }

    /// <summary>Until 80 % power, at the pace so far.</summary>
    public double? DaysLeft { get; init; }

    /// <summary>Absent for the control, as the two below are.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SequenceFigures? AlwaysValid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BayesianFigures? Bayesian { get; init; }

    /// <summary>Of experiments that are judged by it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SequentialFigures? GroupSequential { get; init; }

    /// <summary>Of a ratio: the sum of its denominator.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Denominator { get; init; }

    /// <summary>Of a funnel: how many units took each step and all before it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FunnelStep>? Steps { get; init; }

    /// <summary>After what the units did before their exposure is taken out (CUPED); absent for the control and for metrics without a covariate.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AdjustedFigures? Adjusted { get; init; }

    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

internal sealed record FunnelStep(string Event, long Units);

internal sealed record AdjustedFigures
{
    /// <summary>1 − adjusted / raw variance.</summary>
    public double? VarianceReduction { get; init; }

    public double? Lift { get; init; }
    public double[]? LiftInterval { get; init; }
    public double? Difference { get; init; }
    public double[]? DifferenceInterval { get; init; }
    public double? PValue { get; init; }
    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

/// <param name="Value">undecided, winner, loser, equivalent, inconclusive or blocked; in JSON <c>verdict</c>.</param>
internal sealed record Verdict(
    [property: JsonPropertyName("verdict")] string Value,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Variant,
    IReadOnlyList<Reason> Reasons)
{
    public string Method { get; init; } = "";
    public string Rule { get; init; } = "";
}

internal sealed record Reason(string Code, string Text);

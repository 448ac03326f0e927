using System.Text.Json.Serialization;

namespace CroPlatform.Demo.Api;

/// <summary>An event as a client sends it.</summary>
internal sealed record ClientEvent
{
    public required string Id { get; init; }
    public required string Type { get; init; }
    public required string VisitorId { get; init; }

    /// <summary>When it happened by the client's clock: requests overtake each other, so the time of receipt says little.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Experiment { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Variant { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Value { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Currency { get; init; }
}

internal sealed record Balance(long Counted, long Held, long Quarantined, long Deduplicated)
{
    public long All => Counted + Held + Quarantined + Deduplicated;

    public Balance Since(Balance before) =>
        new(Counted - before.Counted, Held - before.Held, Quarantined - before.Quarantined, Deduplicated - before.Deduplicated);
}

/// <summary>What the demo reads of an experiment's results.</summary>
internal sealed record Results(string Status, long Exposures, SampleRatio SampleRatio, IReadOnlyList<MetricResults> Metrics, Decision Decision);

internal sealed record SampleRatio(double? PValue, bool Ok);

internal sealed record MetricResults(string Key, string Kind, double? PValue, IReadOnlyList<Arm> Variants);

internal sealed record Arm(string Key, long N, double Sum, double? Mean, double? Lift, double[]? LiftInterval, double? PValue);

internal sealed record Decision(string Verdict, string? Variant, IReadOnlyList<Reason> Reasons);

internal sealed record Reason(string Code, string Text);

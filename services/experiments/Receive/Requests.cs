using System.Text.Json;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>The body of POST /api/v1/metrics. Members are as sent: nothing is checked yet.</summary>
public sealed record MetricRequest
{
    public string? Key { get; init; }
    public string? Name { get; init; }
    public string? Kind { get; init; }
    public string? Event { get; init; }
    public string? ValueProperty { get; init; }
    public JsonElement? Filter { get; init; }
    public double? WindowHours { get; init; }
    public decimal? Cap { get; init; }
    public string? Direction { get; init; }
    public bool? Guardrail { get; init; }
    public double? Margin { get; init; }
}

/// <summary>The body of POST /api/v1/experiments.</summary>
public sealed record ExperimentRequest
{
    public string? Key { get; init; }
    public string? Name { get; init; }
    public string? Hypothesis { get; init; }
    public string? Unit { get; init; }
    public IReadOnlyList<VariantRequest?>? Variants { get; init; }
    public IReadOnlyList<MetricReference?>? Metrics { get; init; }
    public double? Coverage { get; init; }
    public JsonElement? Targeting { get; init; }
    public JsonElement? Layers { get; init; }
    public string? Seed { get; init; }
    public DecisionRequest? Decision { get; init; }
    public string? Assignment { get; init; }
}

public sealed record VariantRequest
{
    public string? Key { get; init; }
    public string? Name { get; init; }
    public double? Weight { get; init; }
    public bool? Control { get; init; }
    public JsonElement? Config { get; init; }
}

public sealed record MetricReference
{
    public string? Key { get; init; }
    public double? Weight { get; init; }
}

public sealed record DecisionRequest
{
    public string? Method { get; init; }
    public double? Confidence { get; init; }
    public double? MinEffect { get; init; }
    public long? MinSample { get; init; }
    public double? MinDays { get; init; }
    public double? MaxDays { get; init; }
}

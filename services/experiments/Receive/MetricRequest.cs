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

    /// <summary>Of a ratio.</summary>
    public MetricTermRequest? Numerator { get; init; }

    /// <summary>Of a ratio.</summary>
    public MetricTermRequest? Denominator { get; init; }

    /// <summary>Of a quantile.</summary>
    public double? Q { get; init; }

    /// <summary>Of retention.</summary>
    public int? Day { get; init; }

    /// <summary>Of a duration.</summary>
    public string? StartEvent { get; init; }

    /// <summary>Of a conversion that is a funnel.</summary>
    public IReadOnlyList<MetricStepRequest?>? Steps { get; init; }
    public int? CovariateDays { get; init; }
    public double? WindowHours { get; init; }
    public decimal? Cap { get; init; }
    public double? CapPercentile { get; init; }
    public string? Direction { get; init; }
    public bool? Guardrail { get; init; }
    public double? Margin { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<string?>? Tags { get; init; }
}

public sealed record MetricTermRequest
{
    public string? Event { get; init; }
    public string? ValueProperty { get; init; }
    public JsonElement? Filter { get; init; }

    /// <summary>"sum" of the values or "count" of the events.</summary>
    public string? Aggregation { get; init; }
}

public sealed record MetricStepRequest
{
    public string? Event { get; init; }
    public JsonElement? Filter { get; init; }
}

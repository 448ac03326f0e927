using System.Text.Json;
using System.Text.Json.Serialization;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>The body of POST /api/v1/experiments.</summary>
public sealed record ExperimentRequest
{
    public string? Key { get; init; }
    public string? Name { get; init; }
    public string? Hypothesis { get; init; }
    public string? Kind { get; init; }
    public string? Unit { get; init; }
    public IReadOnlyList<VariantRequest?>? Variants { get; init; }
    public IReadOnlyList<FactorRequest?>? Factors { get; init; }

    /// <summary>"full", {"fraction": 2} or {"generators": ["AB"]}: how variants are made from the factors where none are given.</summary>
    public JsonElement? Design { get; init; }
    public IReadOnlyList<MetricReference?>? Metrics { get; init; }
    public double? Coverage { get; init; }
    public JsonElement? Targeting { get; init; }
    public string? Seed { get; init; }
    public DecisionRequest? Decision { get; init; }
    public string? Assignment { get; init; }
    public bool? Sticky { get; init; }
    public int? BucketVersion { get; init; }
    public int? MinBucketVersion { get; init; }
    public IReadOnlyList<ForcedRequest?>? Forced { get; init; }
    public IReadOnlyList<LayerRequest?>? Layers { get; init; }

    /// <summary>The share that a holdout holds out.</summary>
    public double? Holdout { get; init; }

    /// <summary>Keys of the holdouts that the experiment leaves alone.</summary>
    public IReadOnlyList<string?>? Holdouts { get; init; }
    public IReadOnlyList<PrerequisiteRequest?>? Prerequisites { get; init; }
    public IReadOnlyList<UrlPatternRequest?>? UrlPatterns { get; init; }
    public ScheduleRequest? Schedule { get; init; }
    public bool? RecordExposures { get; init; }
    public IReadOnlyList<string?>? Tags { get; init; }
}

public sealed record VariantRequest
{
    public string? Key { get; init; }
    public string? Name { get; init; }
    public double? Weight { get; init; }
    public bool? Control { get; init; }
    public JsonElement? Config { get; init; }
    public PageChangesRequest? PageChanges { get; init; }

    /// <summary>Keys of levels by the keys of their factors.</summary>
    public IReadOnlyDictionary<string, string?>? Levels { get; init; }
}

public sealed record PageChangesRequest
{
    public IReadOnlyList<PageChangeRequest?>? Changes { get; init; }
    public string? Css { get; init; }
    public string? Redirect { get; init; }
}

public sealed record PageChangeRequest
{
    public string? Selector { get; init; }
    public string? Action { get; init; }
    public string? Attribute { get; init; }
    public string? Value { get; init; }
    public string? Url { get; init; }
}

public sealed record FactorRequest
{
    public string? Key { get; init; }
    public IReadOnlyList<LevelRequest?>? Levels { get; init; }
}

public sealed record LevelRequest
{
    public string? Key { get; init; }
    public JsonElement? Config { get; init; }
}

public sealed record ForcedRequest
{
    public string? UnitId { get; init; }
    public string? Variant { get; init; }
}

public sealed record LayerRequest
{
    public string? Key { get; init; }

    /// <summary>[[from, to], …]; instead of a share.</summary>
    public IReadOnlyList<IReadOnlyList<double>?>? Ranges { get; init; }

    /// <summary>Taken from what is free at the start.</summary>
    public double? Share { get; init; }
}

public sealed record PrerequisiteRequest
{
    public string? Experiment { get; init; }
    public IReadOnlyList<string?>? Variants { get; init; }
}

public sealed record UrlPatternRequest
{
    public string? Type { get; init; }
    public string? Pattern { get; init; }
    public bool? Include { get; init; }
}

public sealed record ScheduleRequest
{
    public DateTimeOffset? Start { get; init; }
    public DateTimeOffset? End { get; init; }

    /// <summary>ISO: Monday is 1.</summary>
    public IReadOnlyList<int>? Days { get; init; }

    /// <summary>[from, to], 0 to 24.</summary>
    public IReadOnlyList<int>? Hours { get; init; }
    public string? TimeZone { get; init; }
}

/// <summary>The body of POST /api/v1/experiments/{key}/phases and of PATCH /api/v1/experiments/{key}; what is absent stays as it is.</summary>
public sealed record PhaseRequest
{
    /// <summary>By the keys of the variants.</summary>
    public IReadOnlyDictionary<string, double>? Weights { get; init; }
    public double? Coverage { get; init; }
    public JsonElement? Targeting { get; init; }
    public string? Seed { get; init; }

    /// <summary>All that is measured from now on, over the whole time of the experiment: a new analysis revision.</summary>
    public IReadOnlyList<MetricReference?>? Metrics { get; init; }

    [JsonIgnore] public bool ChangesPhase => Weights is not null || Coverage is not null || Targeting is not null || Seed is not null;
}

/// <summary>The body of POST /api/v1/saved-groups and PUT /api/v1/saved-groups/{key}.</summary>
public sealed record SavedGroupRequest
{
    public string? Key { get; init; }
    public string? Attribute { get; init; }
    public IReadOnlyList<JsonElement>? Values { get; init; }
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

    /// <summary>risk_aware or criterion.</summary>
    public string? Rule { get; init; }

    /// <summary>Of group_sequential: units in each arm at the last look.</summary>
    public long? MaxSample { get; init; }

    /// <summary>Of group_sequential.</summary>
    public int? Looks { get; init; }

    /// <summary>Of bayesian.</summary>
    public double? MaxLoss { get; init; }
}

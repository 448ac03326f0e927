using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>The body with which existing clients make a test; members that are not here are passed over.</summary>
public sealed record LegacyTestRequest
{
    public string? Name { get; init; }

    /// <summary>A kind of experiment (ab, bandit, aa), or what is tested, say hero: a ready template of that name gives the metrics.</summary>
    public string? Type { get; init; }
    public IReadOnlyList<LegacyVariantRequest?>? Variants { get; init; }
    public string? Hypothesis { get; init; }
    public string? Description { get; init; }

    /// <summary>Keys of metrics, or types of events to count as conversions.</summary>
    public IReadOnlyList<string?>? Metrics { get; init; }
    public double? Coverage { get; init; }
    public JsonElement? Targeting { get; init; }
    public DecisionRequest? Decision { get; init; }
    public string? Assignment { get; init; }

    /// <summary>Whether it runs at once; each path has its own default.</summary>
    public bool? Start { get; init; }
}

public sealed record LegacyVariantRequest
{
    public string? Id { get; init; }
    public string? Name { get; init; }
    public JsonElement? Config { get; init; }
    public double? Weight { get; init; }
    public bool? IsControl { get; init; }
}

/// <summary>A test as existing clients see it: an experiment under their names.</summary>
internal sealed record LegacyTest
{
    public required string Id { get; init; }
    public string TestId => Id;
    public required string Name { get; init; }
    public required string Type { get; init; }
    public required string Status { get; init; }
    public string? Hypothesis { get; init; }
    public required IReadOnlyList<LegacyVariant> Variants { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    public static LegacyTest Of(StoredExperiment stored)
    {
        var view = ExperimentView.Of(stored);
        return new LegacyTest
        {
            Id = view.Key,
            Name = view.Name,
            Type = view.Tags.FirstOrDefault(t => t!.StartsWith(LegacyDraft.TypeTag, StringComparison.Ordinal))?[LegacyDraft.TypeTag.Length..] ?? view.Kind,
            Status = view.Status,
            Hypothesis = view.Hypothesis,
            Variants = [.. view.Variants.Select(v => new LegacyVariant(v.Key!, v.Name!, v.Config, v.Weight!.Value, v.Control == true))],
            CreatedAt = view.CreatedAt,
            StartedAt = view.StartedAt,
            EndedAt = view.StoppedAt,
        };
    }
}

/// <param name="Weight">0 to 1.</param>
internal sealed record LegacyVariant(string Id, string Name, JsonElement? Config, double Weight, bool IsControl);

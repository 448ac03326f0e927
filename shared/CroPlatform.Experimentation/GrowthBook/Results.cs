using System.Text.Json;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>What a feature is for a user, and why.</summary>
/// <param name="Value">A JSON value; null (of JSON) where there is none.</param>
/// <param name="RuleId">The id of the rule that decided; empty if it has none.</param>
/// <param name="Experiment">The experiment that decided, with what it decided; null for every other source.</param>
public sealed record FeatureResult(
    JsonElement Value, FeatureSource Source, string RuleId = "", InlineExperiment? Experiment = null, ExperimentResult? ExperimentResult = null);

/// <summary>Where a feature's value comes from.</summary>
public enum FeatureSource
{
    UnknownFeature,
    DefaultValue,
    Force,
    Experiment,
    Prerequisite,
    CyclicPrerequisite,
}

/// <summary>What an experiment decided for a user.</summary>
public sealed record ExperimentResult
{
    /// <summary>The variation's key, or its index as text.</summary>
    public required string Key { get; init; }

    public string? Name { get; init; }
    public string? FeatureId { get; init; }
    public required int VariationId { get; init; }
    public required JsonElement Value { get; init; }
    public required bool InExperiment { get; init; }

    /// <summary>Whether it was assigned at random, not forced.</summary>
    public required bool HashUsed { get; init; }

    public required string HashAttribute { get; init; }

    /// <summary>Undefined where the user has no such attribute.</summary>
    public required JsonElement HashValue { get; init; }

    /// <summary>0 to 1; null if nothing was hashed.</summary>
    public double? Bucket { get; init; }

    public bool StickyBucketUsed { get; init; }

    /// <summary>The variation leaves the decision to the rules that follow.</summary>
    public bool Passthrough { get; init; }
}

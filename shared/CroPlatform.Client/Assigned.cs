using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Client;

/// <summary>What a unit gets.</summary>
/// <param name="Variant">The variant's key; null where the experiment is not known.</param>
/// <param name="Version">The version of the experiment that decided, or 0.</param>
/// <param name="InExperiment">Whether the unit takes part; only then is there something to expose.</param>
/// <param name="Reason">split, sticky, forced, targeting, coverage, layer, holdout, prerequisite, no_unit, not_running, unknown_experiment or stale.</param>
/// <param name="Config">The variant's configuration; null if it has none.</param>
/// <param name="Propensity">With what probability a unit that takes part gets this variant, 0 to 1.</param>
public sealed record Assigned(
    string Experiment, string? Variant, int Version, bool InExperiment, string Reason, JsonElement? Config, double? Propensity)
{
    /// <summary>The type of unit that was assigned, and its phase: what an exposure is told by.</summary>
    internal (string UnitType, int Phase) Told { get; init; }

    internal ImmutableArray<HoldoutExposure> Holdouts { get; init; } = [];

    /// <summary>The configuration as a value of this type; the fallback where there is none, or none of this type.</summary>
    public T Value<T>(T fallback)
    {
        if (Config is not { } config) return fallback;
        try
        {
            return config.Deserialize<T>(JsonSerializerOptions.Web) ?? fallback;
        }
        catch (JsonException)
        {
            return fallback;
        }
    }
}

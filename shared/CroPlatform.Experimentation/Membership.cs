using System.Collections.Immutable;
using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Experimentation;

/// <summary>A tester's unit, and the variant it gets without taking part.</summary>
public sealed record ForcedUnit(string UnitId, string Variant);

/// <summary>
/// A share of the units, so that experiments with other shares of the same layer never meet: only units whose hash by the layer's seed
/// (version 2) falls into the ranges take part. All experiments of a layer have one type of unit.
/// </summary>
public sealed record Layer(string Key, ImmutableArray<BucketRange> Ranges)
{
    /// <summary>What its units are hashed with. Not the bare key: an experiment of that name would be correlated with the layer.</summary>
    public string Seed { get; } = $"layer:{Key}";

    public bool Holds(ReadOnlySpan<char> unit) => Contains(Bucket.Position(Bucket.Of(Seed, unit)));

    public bool Contains(double position)
    {
        foreach (var range in Ranges)
        {
            if (range.Contains(position)) return true;
        }

        return false;
    }
}

/// <summary>A holdout as the experiment found it at its start: which units it must leave alone.</summary>
/// <param name="Experiment">The holdout's key.</param>
/// <param name="Unit">Its type of unit, which can be another than the experiment's.</param>
/// <param name="Range">Where the units fall that are held out.</param>
/// <param name="HeldOut">The key of the variant that held-out units are in.</param>
/// <param name="Included">The key of the variant of all others.</param>
public sealed record Holdout(string Experiment, int Version, string Unit, string Seed, BucketRange Range, string HeldOut, string Included)
{
    /// <summary>Whether this unit of its type is held out.</summary>
    public bool Holds(ReadOnlySpan<char> unit) => Range.Contains(Bucket.Position(Bucket.Of(Seed, unit)));
}

/// <summary>
/// Only units that another experiment gives one of these variants take part: by taking part in it, by force, or by its roll-out.
/// </summary>
public sealed record Prerequisite(string Experiment, ImmutableArray<string> Variants);

/// <summary>Pages by their address.</summary>
/// <param name="Include">False: on these pages it does not run.</param>
public sealed record UrlPattern(UrlPatternType Type, string Pattern, bool Include = true);

public enum UrlPatternType
{
    /// <summary>Host, path and parameters, * being any characters.</summary>
    Simple = 1,

    /// <summary>A regular expression.</summary>
    Regex = 2,
}

/// <summary>The variant that is rolled out after the stop.</summary>
/// <param name="Share">0 to 1: of all units, hashed by the seed rollout:key; the others get the control.</param>
public sealed record Served(string Variant, double Share)
{
    public static string SeedOf(string experiment) => $"rollout:{experiment}";
}

using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Evaluation;

/// <param name="Variant">Index of the variant to serve; the control where the unit does not take part.</param>
/// <param name="InExperiment">Whether the unit takes part; only then is there an exposure to record.</param>
/// <param name="Position">Where the unit falls, 0 to 1; null if it was not hashed.</param>
/// <param name="Propensity">With what probability a unit that takes part gets this variant; null if it does not, or it is not known any more.</param>
public readonly record struct Decision(int Variant, bool InExperiment, AssignmentReason Reason, double? Position, double? Propensity)
{
    private readonly ImmutableArray<HoldoutExposure> _holdouts;

    /// <summary>What is said of an experiment that the site has not published.</summary>
    public static readonly Decision Unknown = new(0, false, AssignmentReason.UnknownExperiment, null, null);

    /// <summary>
    /// The holdouts that the unit met: it takes part, or would but for one of them. Exposing it to these at the same moment, whichever side
    /// it is on, makes the sides comparable.
    /// </summary>
    public ImmutableArray<HoldoutExposure> Holdouts
    {
        get => _holdouts.IsDefault ? [] : _holdouts;
        init => _holdouts = value;
    }

    /// <summary>The variant has to be remembered, before the answer is given.</summary>
    public bool StoreSticky { get; init; }

    /// <summary>The experiment is over, and its roll-out reaches the unit.</summary>
    public bool IsServed { get; init; }

    /// <summary>Whether the experiment gives the unit its variant: by taking part, by force or by roll-out. This is what prerequisites ask for.</summary>
    public bool IsGiven => InExperiment || IsServed || Reason == AssignmentReason.Forced;
}

/// <summary>A holdout that a unit met, and the variant of it that the unit is in.</summary>
public sealed record HoldoutExposure(string Experiment, int Version, string UnitType, string Variant);

/// <summary>Why a unit got what it got; the names on the wire are in snake_case.</summary>
public enum AssignmentReason
{
    Split,

    /// <summary>It was given the variant before; without taking part: under a bucket version that is no longer valid.</summary>
    Sticky,

    /// <summary>A tester's unit.</summary>
    Forced,

    /// <summary>The condition, the page's address or the time of the day does not fit.</summary>
    Targeting,
    Coverage,

    /// <summary>It belongs to other experiments of the layer.</summary>
    Layer,
    Holdout,
    Prerequisite,
    NoUnit,
    NotRunning,
    UnknownExperiment,
    Stale,
}

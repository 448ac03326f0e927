using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Facts;

/// <summary>
/// What one unit adds to one experiment's aggregates: a pure function of the experiment's version and the unit's facts. An aggregate
/// changes by contribution(after) − contribution(before), whatever the change was.
/// </summary>
/// <param name="Standing">Whether the unit is in the analysis, and if not, why.</param>
/// <param name="Variant">Index of the variant of its first valid exposure; -1 if it has none.</param>
/// <param name="Phase">Index of the phase it belongs to, its first.</param>
/// <param name="Day">UTC day of the first exposure, in days since 1970.</param>
/// <param name="Outcomes">One a metric of the experiment, in units of 1e-4; empty unless the unit is analysed.</param>
/// <param name="MismatchedVariant">Index of the variant that a mismatched exposure declared (the variants' number: one unknown to the experiment); -1 if there was none.</param>
public sealed record Contribution(
    Standing Standing, int Variant, int Phase, int Day, ImmutableArray<long> Outcomes, int MismatchedVariant)
{
    /// <summary>Of a unit that the experiment has not seen.</summary>
    public static readonly Contribution None = new(Standing.Absent, -1, 0, 0, [], -1);
}

public enum Standing
{
    /// <summary>No valid exposure.</summary>
    Absent,

    Analysed,

    /// <summary>Seen in two variants: excluded, counted by the arm of its first exposure.</summary>
    Crossover,

    /// <summary>More events than a person makes: excluded.</summary>
    Bot,
}

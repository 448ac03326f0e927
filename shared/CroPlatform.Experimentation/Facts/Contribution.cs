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
/// <param name="Outcomes">One a metric of the experiment; empty unless the unit is analysed.</param>
/// <param name="MismatchedVariant">Index of the variant that a mismatched exposure declared (the variants' number: one unknown to the experiment); -1 if there was none.</param>
public sealed record Contribution(
    Standing Standing, int Variant, int Phase, int Day, ImmutableArray<Outcome> Outcomes, int MismatchedVariant)
{
    /// <summary>Of a unit that the experiment has not seen.</summary>
    public static readonly Contribution None = new(Standing.Absent, -1, 0, 0, [], -1);
}

/// <summary>What a unit adds to one metric; numbers are in units of 1e-4 and within ±1e9.</summary>
/// <param name="Counts">False where the unit has no outcome: a mean of nothing, a duration without its end, a quantile.</param>
/// <param name="X">The outcome; of a ratio, the numerator.</param>
/// <param name="Y">The covariate, 0 if none is taken; of a ratio, the denominator.</param>
/// <param name="Values">Of a quantile, each event's value; of a funnel, how many steps were taken (a plain number); else empty.</param>
public readonly record struct Outcome(bool Counts, long X, long Y, ImmutableArray<long> Values)
{
    /// <summary>Of a unit without one.</summary>
    public static readonly Outcome None = new(false, 0, 0, []);

    public bool Equals(Outcome other) =>
        Counts == other.Counts && X == other.X && Y == other.Y && Values.AsSpan().SequenceEqual(other.Values.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Counts, X, Y, Values.Length);
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

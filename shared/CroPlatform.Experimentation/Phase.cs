using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <summary>A stretch of constant probabilities: weights, coverage, targeting and seed do not change in it.</summary>
public sealed record Phase
{
    /// <summary>0, 1, 2 …</summary>
    public required int Index { get; init; }

    /// <summary>One a variant, each 0 to 1, sum 1.</summary>
    public required ImmutableArray<double> Weights { get; init; }

    /// <summary>The share of units that take part, 0 to 1.</summary>
    public double Coverage { get; init; } = 1;

    public required string Seed { get; init; }

    /// <summary>The targeting condition as JSON in UTF-8; empty: everybody.</summary>
    public ReadOnlyMemory<byte> TargetingJson { get; init; }

    /// <summary>When it ran, in order, not overlapping; empty for a phase that was begun in a pause.</summary>
    public required ImmutableArray<Period> Periods { get; init; }

    /// <summary>When its last period began; 0 if it has none.</summary>
    public long LastFromMs => Periods.IsEmpty ? 0 : Periods[^1].FromMs;

    /// <summary>The phase without an open period: it ends now, unless it had ended before.</summary>
    public Phase Closed(long nowMs) => Periods.IsEmpty || Periods[^1].ToMs != 0
        ? this
        : this with { Periods = Periods.SetItem(Periods.Length - 1, Periods[^1] with { ToMs = nowMs }) };
}

/// <summary>A half-open stretch of time; <paramref name="ToMs"/> is 0 while it is open.</summary>
public readonly record struct Period(long FromMs, long ToMs)
{
    public bool Contains(long timeMs) => timeMs >= FromMs && (ToMs == 0 || timeMs < ToMs);
}

using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Bucketing;

/// <summary>The half-open stretches of [0, 1) that belong to each variant.</summary>
public sealed class BucketRanges
{
    private readonly (double Start, double End)[] _ranges;

    private BucketRanges((double, double)[] ranges) => _ranges = ranges;

    /// <summary>
    /// Variant i covers [Σ weights before i, + coverage · weight i), summed in this order in double precision, as GrowthBook's
    /// getBucketRanges does: raised coverage moves no one who is in.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A weight or the coverage is outside 0 to 1.</exception>
    public static BucketRanges Of(ReadOnlySpan<double> weights, double coverage)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(coverage);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(coverage, 1);
        var ranges = new (double, double)[weights.Length];
        var cumulative = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(weights[i]);
            ranges[i] = (cumulative, cumulative + coverage * weights[i]);
            cumulative += weights[i];
        }

        return new BucketRanges(ranges);
    }

    public static BucketRanges Of(Phase phase)
    {
        ArgumentNullException.ThrowIfNull(phase);
        return Of(phase.Weights.AsSpan(), phase.Coverage);
    }

    public int Count => _ranges.Length;

    public (double Start, double End) this[int variant] => _ranges[variant];

    /// <summary>The variant at this position, or -1: not covered.</summary>
    public int VariantAt(double position)
    {
        for (var i = 0; i < _ranges.Length; i++)
        {
            if (position >= _ranges[i].Start && position < _ranges[i].End) return i;
        }

        return -1;
    }

    /// <summary>
    /// Of those who take part, the share that each variant expects, counted in buckets: a coverage of 1 % over three equal arms is
    /// 34, 33 and 33 buckets, and shares computed from the weights would let the sample-ratio check cry wolf. All 0 if nobody takes part.
    /// </summary>
    public ImmutableArray<double> ExpectedShares()
    {
        var buckets = new int[_ranges.Length];
        var total = 0;
        for (var bucket = 0; bucket < Bucket.Count; bucket++)
        {
            var variant = VariantAt(Bucket.Position(bucket));
            if (variant < 0) continue;
            buckets[variant]++;
            total++;
        }

        return [.. buckets.Select(b => total == 0 ? 0 : b / (double)total)];
    }
}

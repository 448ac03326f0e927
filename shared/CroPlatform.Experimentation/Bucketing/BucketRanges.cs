using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Bucketing;

/// <summary>The half-open stretches of [0, 1) that belong to each variant.</summary>
public sealed class BucketRanges
{
    private readonly ImmutableArray<BucketRange> _ranges;

    private BucketRanges(ImmutableArray<BucketRange> ranges) => _ranges = ranges;

    /// <summary>
    /// Variant i covers [Σ weights before i, + coverage · weight i), summed in this order in double precision, as GrowthBook's
    /// getBucketRanges does: raised coverage moves no one who is in.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A weight is below 0, or the coverage outside 0 to 1.</exception>
    public static BucketRanges Of(ReadOnlySpan<double> weights, double coverage)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(coverage);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(coverage, 1);
        var ranges = ImmutableArray.CreateBuilder<BucketRange>(weights.Length);
        var cumulative = 0.0;
        foreach (var weight in weights)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(weight);
            ranges.Add(new BucketRange(cumulative, cumulative + coverage * weight));
            cumulative += weight;
        }

        return new BucketRanges(ranges.MoveToImmutable());
    }

    public static BucketRanges Of(Phase phase)
    {
        ArgumentNullException.ThrowIfNull(phase);
        return Of(phase.Weights.AsSpan(), phase.Coverage);
    }

    /// <summary>Stretches given as such, in the variants' order.</summary>
    public static BucketRanges Of(ImmutableArray<BucketRange> ranges) => new(ranges);

    /// <summary>
    /// As <see cref="Of(ReadOnlySpan{double}, double)"/>, but never refusing, the reference SDKs' way: coverage is brought within 0 to 1,
    /// and weights that are missing, too few or do not sum to about 1 are taken as equal.
    /// </summary>
    public static BucketRanges OfAny(int variants, double? coverage, IReadOnlyList<double>? weights)
    {
        double[] usable = weights is not null && weights.Count == variants && weights.Sum() is >= 0.99 and <= 1.01
            ? [.. weights]
            : [.. EqualWeights(variants)];
        return Of(usable, Math.Clamp(coverage ?? 1, 0, 1));
    }

    /// <summary>1/n for each of n; none for n below 1.</summary>
    public static IEnumerable<double> EqualWeights(int n) => n < 1 ? [] : Enumerable.Repeat(1.0 / n, n);

    public int Count => _ranges.Length;

    public BucketRange this[int variant] => _ranges[variant];

    /// <summary>The variant at this position, or -1: not covered.</summary>
    public int VariantAt(double position)
    {
        for (var i = 0; i < _ranges.Length; i++)
        {
            if (_ranges[i].Contains(position)) return i;
        }

        return -1;
    }

    /// <summary>
    /// Of those who take part, the share that each variant expects, counted in buckets: a coverage of 1 % over three equal arms is
    /// 34, 33 and 33 buckets, and shares computed from the weights would let the sample-ratio check cry wolf. All 0 if nobody takes part.
    /// </summary>
    /// <param name="takesPart">Which positions can take part at all; null: every one.</param>
    public ImmutableArray<double> ExpectedShares(Predicate<double>? takesPart = null)
    {
        var buckets = new int[_ranges.Length];
        var total = 0;
        for (var bucket = 0; bucket < Bucket.Count; bucket++)
        {
            var position = Bucket.Position(bucket);
            var variant = VariantAt(position);
            if (variant < 0 || takesPart?.Invoke(position) == false) continue;
            buckets[variant]++;
            total++;
        }

        return [.. buckets.Select(b => total == 0 ? 0 : b / (double)total)];
    }
}

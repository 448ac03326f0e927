using System.Globalization;

namespace CroPlatform.Statistics.Aggregates;

/// <summary>
/// DDSketch: counts in buckets whose bounds grow by γ = (1 + α)/(1 − α), so a quantile is right within the relative error α.
/// Counts are integers, nothing is ever collapsed, and merging adds them: the same data give the same sketch in any order.
/// Values between 1e-4 and 1e9 in magnitude need at most 2 × 1 497 buckets at α = 0.01; magnitudes below 1e-9 count as 0.
/// Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019.
/// </summary>
public sealed class QuantileSketch
{
    private const double SmallestMagnitude = 1e-9;
    private readonly BucketCounts _positive = new();
    private readonly BucketCounts _negative = new();
    private readonly double _logGamma;
    private readonly int _offset;
    private long _zeros;

    /// <param name="relativeError">α, from 1e-4 to below 1; 0.01 by default. Memory is one number for each bucket between the least and the largest magnitude.</param>
    public QuantileSketch(double relativeError = 0.01)
    {
        if (!(relativeError >= 1e-4 && relativeError < 1))
            throw new ArgumentOutOfRangeException(nameof(relativeError), "The relative error must lie between 0.0001 and 1.");
        RelativeError = relativeError;
        _logGamma = Math.Log((1 + relativeError) / (1 - relativeError));
        _offset = 2 - Index(SmallestMagnitude); // makes the index of the smallest magnitude positive
    }

    public double RelativeError { get; }

    /// <summary>Values held.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a value; a negative <paramref name="count"/> takes it back out.</summary>
    public void Add(double value, long count = 1)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), "A value must be finite.");
        if (Math.Abs(value) < SmallestMagnitude)
            _zeros += count;
        else
            (value > 0 ? _positive : _negative).Add(Index(Math.Abs(value)), count);
        Count += count;
    }

    public void Remove(double value) => Add(value, -1);

    /// <summary>The number of the bucket that a value falls into: 0 for zero, negative for negative values, rising with the value's magnitude.</summary>
    public int BucketOf(double value)
    {
        if (!double.IsFinite(value))
            throw new ArgumentOutOfRangeException(nameof(value), "A value must be finite.");
        if (Math.Abs(value) < SmallestMagnitude)
            return 0;
        return Math.Sign(value) * (Index(Math.Abs(value)) + _offset);
    }

    /// <summary>Adds values of one bucket, numbered as by <see cref="BucketOf"/>; a negative <paramref name="count"/> takes them back out.</summary>
    public void AddBucket(int bucket, long count)
    {
        if (bucket == 0)
            _zeros += count;
        else
            (bucket > 0 ? _positive : _negative).Add(Math.Abs(bucket) - _offset, count);
        Count += count;
    }

    /// <summary>Makes room at once for all buckets from one to another, numbered as by <see cref="BucketOf"/>: for whoever knows them before.</summary>
    public void Reserve(int lowest, int highest)
    {
        if (highest > 0)
            _positive.Reserve(Math.Max(lowest, 1) - _offset, highest - _offset);
        if (lowest < 0)
            _negative.Reserve(Math.Max(-highest, 1) - _offset, -lowest - _offset);
    }

    /// <summary>Adds all counts of another sketch of the same relative error.</summary>
    public void Merge(QuantileSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.RelativeError != RelativeError)
            throw new ArgumentException("Sketches of different relative errors do not merge.", nameof(other));
        _positive.Add(other._positive);
        _negative.Add(other._negative);
        _zeros += other._zeros;
        Count += other.Count;
    }

    /// <summary>The lower empirical quantile, rank ⌊q(n − 1)⌋, within the relative error; 0 ≤ q ≤ 1.</summary>
    public Computed<double> Quantile(double q)
    {
        if (!(q >= 0 && q <= 1))
            return NotComputable.InvalidInput("A quantile lies between 0 and 1.");
        if (Count <= 0)
            return NotComputable.TooFewUnits("A quantile needs at least one value.");
        var rank = (long)(q * (Count - 1));
        long seen = 0;
        foreach (var (sign, index, count) in InOrder())
        {
            seen += count;
            if (seen > rank)
                return sign * Representative(index);
        }
        return NotComputable.InvalidInput("More values were removed than added.");
    }

    /// <summary>How many values lie at or below <paramref name="value"/>, bucket by bucket.</summary>
    public long CountAtMost(double value)
    {
        if (Math.Abs(value) < SmallestMagnitude)
            return _negative.Total() + _zeros;
        var index = Index(Math.Abs(value));
        return value > 0 ? _negative.Total() + _zeros + _positive.Total(most: index) : _negative.Total(least: index);
    }

    /// <summary>The buckets as text, equal for equal contents.</summary>
    public string Describe() => string.Join(' ', Ascending().Select(b => string.Create(CultureInfo.InvariantCulture, $"{b.Value:R}:{b.Count}")));

    internal IEnumerable<(double Value, long Count)> Ascending() => InOrder().Select(b => (b.Sign * Representative(b.Index), b.Count));

    private IEnumerable<(int Sign, int Index, long Count)> InOrder()
    {
        foreach (var (index, count) in _negative.Falling())
            yield return (-1, index, count);
        if (_zeros != 0)
            yield return (0, 0, _zeros);
        foreach (var (index, count) in _positive.Rising())
            yield return (1, index, count);
    }

    private int Index(double magnitude) => (int)Math.Ceiling(Math.Log(magnitude) / _logGamma);

    /// <summary>2γ^i / (γ + 1): at most α from either bound of the bucket (γ^(i−1), γ^i].</summary>
    private double Representative(int index) => Math.Exp(index * _logGamma) * (1 - RelativeError);
}

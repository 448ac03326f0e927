namespace CroPlatform.Statistics.Aggregates;

/// <summary>
/// n, mean and M2 = Σ(x − mean)² of raw floating-point data, by Welford's update and Chan's merge, each carried in two doubles,
/// so that 10^9 additions of tiny shares are not lost. Sources: Welford, Technometrics 4 (1962); Chan, Golub, LeVeque (1979).
/// </summary>
public readonly record struct Moments
{
    private readonly double _meanCarry;
    private readonly double _m2Carry;

    private Moments(long n, double mean, double meanCarry, double m2, double m2Carry)
    {
        N = n;
        (Mean, _meanCarry) = Carried.Normalize(mean, meanCarry);
        (M2, _m2Carry) = Carried.Normalize(m2, m2Carry);
    }

    /// <summary>From parts computed elsewhere.</summary>
    public Moments(long n, double mean, double m2)
        : this(n, mean, 0, m2, 0)
    {
    }

    public long N { get; }

    /// <summary>The mean; 0 without observations.</summary>
    public double Mean { get; }

    /// <summary>Σ(x − mean)².</summary>
    public double M2 { get; }

    public static Moments Empty => default;

    public static Moments Of(IEnumerable<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Aggregate(Empty, (moments, value) => moments.Add(value));
    }

    public Moments Add(double value)
    {
        var n = N + 1;
        var delta = value - Mean - _meanCarry;
        var (mean, meanCarry) = Carried.Add(Mean, _meanCarry, delta / n);
        var (m2, m2Carry) = Carried.Add(M2, _m2Carry, delta * (delta * (n - 1) / n));
        return new(n, mean, meanCarry, m2, m2Carry);
    }

    public static Moments operator +(Moments a, Moments b)
    {
        if (a.N == 0)
            return b;
        if (b.N == 0)
            return a;
        var n = a.N + b.N;
        var delta = b.Mean - a.Mean + (b._meanCarry - a._meanCarry);
        var share = (double)b.N / n;
        var (mean, meanCarry) = Carried.Add(a.Mean, a._meanCarry, delta * share);
        var (m2, m2Carry) = Carried.Add(a.M2, a._m2Carry, b.M2);
        (m2, m2Carry) = Carried.Add(m2, m2Carry + b._m2Carry, delta * delta * share * a.N);
        return new(n, mean, meanCarry, m2, m2Carry);
    }

    public static Moments Add(Moments left, Moments right) => left + right;

    /// <summary>Size, mean and unbiased variance; needs two observations.</summary>
    public Computed<SampleSummary> Summary =>
        N < 2 ? NotComputable.TooFewUnits("A variance needs at least two units.")
        : double.IsFinite(M2) ? new SampleSummary(N, Mean, Math.Max(0, M2) / (N - 1))
        : NotComputable.InvalidInput("The values are too large for a double.");

    /// <summary>The unbiased variance, M2 / (n − 1).</summary>
    public Computed<double> Variance => Summary.Map(summary => summary.Variance);
}

/// <summary>Sums carried in two doubles (Knuth's two-sum).</summary>
internal static class Carried
{
    public static (double High, double Low) Add(double high, double low, double value)
    {
        var sum = high + value;
        var back = sum - high;
        return (sum, low + (high - (sum - back) + (value - back)));
    }

    public static (double High, double Low) Normalize(double high, double low)
    {
        var sum = high + low;
        return double.IsFinite(sum) ? (sum, low - (sum - high)) : (sum, 0);
    }
}

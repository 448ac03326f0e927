using System.Numerics;

namespace CroPlatform.Statistics.Aggregates;

/// <summary>
/// Exact sufficient statistics of values held as integers of 1e-4 (so ±1e9 is ±1e13 units): n, Σx and Σx² in checked 128 bits.
/// Sums do not depend on the order of adding, removing or merging; at the largest values they hold 10^12 observations.
/// A difference of two aggregates may have a negative count: it is a correction to be added, and has no mean.
/// </summary>
/// <param name="N">Observations.</param>
/// <param name="Sum">Σx in units of 1e-4.</param>
/// <param name="SumOfSquares">Σx² in units of 1e-8.</param>
public readonly record struct ExactMoments(long N, Int128 Sum, Int128 SumOfSquares)
{
    /// <summary>Units in 1.</summary>
    public const long Scale = 10_000;

    /// <summary>The largest magnitude of a value, in units: 1e9.</summary>
    public const long MaxUnits = 1_000_000_000L * Scale;

    public static ExactMoments Zero => default;

    /// <summary>The value in units of 1e-4, half away from zero; not computable beyond ±1e9 or for a number that is not finite.</summary>
    public static Computed<long> ToUnits(double value)
    {
        if (!double.IsFinite(value) || Math.Abs(value) > MaxUnits / (double)Scale)
            return NotComputable.InvalidInput("A value must be a finite number between -1e9 and 1e9.");
        // decimal, because 1.00005 * 10 000 in binary falls below the half that the writer meant
        return (long)Math.Round((decimal)value * Scale, MidpointRounding.AwayFromZero);
    }

    /// <summary>Adds one observation of <paramref name="units"/> × 1e-4.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Beyond ±<see cref="MaxUnits"/>.</exception>
    public ExactMoments Add(long units) => this + Of(units);

    /// <summary>Takes one observation back out.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Beyond ±<see cref="MaxUnits"/>.</exception>
    public ExactMoments Remove(long units) => this - Of(units);

    /// <summary>One observation.</summary>
    public static ExactMoments Of(long units)
    {
        Check(units);
        return new(1, units, (Int128)units * units);
    }

    public static ExactMoments operator +(ExactMoments a, ExactMoments b) =>
        checked(new(a.N + b.N, a.Sum + b.Sum, a.SumOfSquares + b.SumOfSquares));

    public static ExactMoments operator -(ExactMoments a, ExactMoments b) =>
        checked(new(a.N - b.N, a.Sum - b.Sum, a.SumOfSquares - b.SumOfSquares));

    public static ExactMoments Add(ExactMoments left, ExactMoments right) => left + right;

    public static ExactMoments Subtract(ExactMoments left, ExactMoments right) => left - right;

    /// <summary>Σx in the metric's own unit.</summary>
    public double Total => (double)Sum / Scale;

    /// <summary>The mean in the metric's own unit.</summary>
    public Computed<double> Mean =>
        N > 0 ? ExactRatio.Of(Sum, (BigInteger)N * Scale) : NotComputable.TooFewUnits("A mean needs at least one unit.");

    /// <summary>The unbiased variance (n − 1), from integers: one rounding, never negative, right at any mean.</summary>
    public Computed<double> Variance => ExactRatio.Covariance(N, Sum, Sum, SumOfSquares, Scale);

    /// <summary>Size, mean and variance for the tests; needs two units.</summary>
    public Computed<SampleSummary> Summary =>
        N < 2 ? NotComputable.TooFewUnits("A variance needs at least two units.")
        : Variance.TryGet(out var variance) ? new SampleSummary(N, Mean.Value, variance) : Variance.Missing!.Value;

    internal static void Check(long units)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(units, MaxUnits);
        ArgumentOutOfRangeException.ThrowIfLessThan(units, -MaxUnits);
    }
}

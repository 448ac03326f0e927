namespace CroPlatform.Statistics.Aggregates;

/// <summary>
/// Exact sufficient statistics of pairs (a metric and its covariate, or a ratio's numerator and denominator), as
/// <see cref="ExactMoments"/> with Σxy: what CUPED and the delta method need.
/// </summary>
public readonly record struct ExactCrossMoments(
    long N, Int128 SumX, Int128 SumY, Int128 SumXX, Int128 SumYY, Int128 SumXY)
{
    public static ExactCrossMoments Zero => default;

    /// <summary>One pair, both in units of 1e-4.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Beyond ±<see cref="ExactMoments.MaxUnits"/>.</exception>
    public static ExactCrossMoments Of(long x, long y)
    {
        ExactMoments.Check(x);
        ExactMoments.Check(y);
        return new(1, x, y, (Int128)x * x, (Int128)y * y, (Int128)x * y);
    }

    public ExactCrossMoments Add(long x, long y) => this + Of(x, y);

    public ExactCrossMoments Remove(long x, long y) => this - Of(x, y);

    public static ExactCrossMoments operator +(ExactCrossMoments a, ExactCrossMoments b) =>
        checked(new(a.N + b.N, a.SumX + b.SumX, a.SumY + b.SumY, a.SumXX + b.SumXX, a.SumYY + b.SumYY, a.SumXY + b.SumXY));

    public static ExactCrossMoments operator -(ExactCrossMoments a, ExactCrossMoments b) =>
        checked(new(a.N - b.N, a.SumX - b.SumX, a.SumY - b.SumY, a.SumXX - b.SumXX, a.SumYY - b.SumYY, a.SumXY - b.SumXY));

    public static ExactCrossMoments Add(ExactCrossMoments left, ExactCrossMoments right) => left + right;

    public static ExactCrossMoments Subtract(ExactCrossMoments left, ExactCrossMoments right) => left - right;

    public ExactMoments X => new(N, SumX, SumXX);

    public ExactMoments Y => new(N, SumY, SumYY);

    /// <summary>The unbiased covariance (n − 1) of x and y.</summary>
    public Computed<double> Covariance => ExactRatio.Covariance(N, SumX, SumY, SumXY, ExactMoments.Scale);

    /// <summary>Means, variances and covariance for ratios and CUPED; needs two units.</summary>
    public Computed<PairSummary> Summary =>
        N < 2
            ? NotComputable.TooFewUnits("A covariance needs at least two units.")
            : new PairSummary(N, X.Mean.Value, Y.Mean.Value, X.Variance.Value, Y.Variance.Value, Covariance.Value);
}

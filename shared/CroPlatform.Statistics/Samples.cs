namespace CroPlatform.Statistics;

/// <summary>Conversions out of units: 0 ≤ Successes ≤ Trials.</summary>
public readonly record struct Proportion(long Successes, long Trials)
{
    public bool IsValid => Trials >= 0 && Successes >= 0 && Successes <= Trials;

    /// <summary>Successes / Trials; NaN without trials, so check <see cref="Trials"/> first.</summary>
    public double Rate => (double)Successes / Trials;

    public long Failures => Trials - Successes;

    /// <summary>The same data as a sample of zeros and ones, variance unbiased.</summary>
    public SampleSummary ToSummary() =>
        new(Trials, Rate, Trials > 1 ? Rate * ((double)Failures / Trials) * ((double)Trials / (Trials - 1)) : 0);
}

/// <summary>Size, mean and unbiased variance (divisor n − 1) of one arm's per-unit values.</summary>
public readonly record struct SampleSummary(long N, double Mean, double Variance)
{
    public bool IsValid => N >= 0 && double.IsFinite(Mean) && double.IsFinite(Variance) && Variance >= 0;

    public double StandardDeviation => Math.Sqrt(Variance);

    /// <summary>Variance of the mean: Variance / N.</summary>
    public double MeanVariance => Variance / N;
}

/// <summary>
/// Size, means, unbiased variances and covariance of pairs: x a metric (or a ratio's numerator), y its covariate (or the denominator).
/// </summary>
public readonly record struct PairSummary(
    long N, double MeanX, double MeanY, double VarianceX, double VarianceY, double Covariance)
{
    public bool IsValid =>
        N >= 0 && double.IsFinite(MeanX) && double.IsFinite(MeanY) && double.IsFinite(Covariance)
        && double.IsFinite(VarianceX) && VarianceX >= 0 && double.IsFinite(VarianceY) && VarianceY >= 0;
}

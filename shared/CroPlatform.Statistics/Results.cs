namespace CroPlatform.Statistics;

/// <summary>Which departures from the null hypothesis count; <c>Greater</c>: treatment above control.</summary>
public enum Alternative
{
    TwoSided,
    Greater,
    Less,
}

/// <summary>A closed interval; a one-sided one has an infinite end.</summary>
public readonly record struct Interval(double Low, double High)
{
    public double Width => High - Low;

    public bool Contains(double value) => Low <= value && value <= High;

    public override string ToString() => $"[{Low}, {High}]";
}

/// <summary>A point estimate with its confidence (or credible) interval; the standard error is null where the method has none.</summary>
public readonly record struct Estimate(double Value, double? StandardError, Interval Interval);

/// <summary>
/// The outcome of a hypothesis test. <see cref="LogPValue"/> is the natural logarithm of the p-value, right also where
/// <see cref="PValue"/> underflows to 0. <see cref="DenominatorDegreesOfFreedom"/> belongs to F tests.
/// </summary>
public sealed record TestResult(string Method, double Statistic, double? DegreesOfFreedom, double PValue, double LogPValue)
{
    public double? DenominatorDegreesOfFreedom { get; init; }

    public Alternative Alternative { get; init; }
}

/// <summary>
/// Treatment against control: a test, the absolute difference (treatment − control) and the relative lift
/// (treatment / control − 1), each computable or not on its own.
/// </summary>
public sealed record Comparison(Computed<TestResult> Test, Computed<Estimate> Difference, Computed<Estimate> Lift, double Confidence)
{
    /// <summary>
    /// True only when the p-value is at or below 1 − confidence and neither the interval of the difference nor, where it is
    /// bounded, that of the lift holds 0: a result is never called significant while its own interval holds 0.
    /// </summary>
    public bool IsSignificant =>
        Test.TryGet(out var test) && test.PValue <= 1 - Confidence
        && Difference.TryGet(out var difference) && !difference.Interval.Contains(0)
        && !(Lift.TryGet(out var lift) && lift.Interval.Contains(0));
}

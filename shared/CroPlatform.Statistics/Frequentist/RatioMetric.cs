using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Metrics that are a ratio of two sums over units (clicks per page view, revenue per order): the unit of analysis is finer than
/// the unit of randomization, so the variance needs both and their covariance. x is the numerator, y the denominator.
/// Sources: Deng, Knoblich, Lu, KDD 2018 (delta method); Fieller, JRSS B 16 (1954).
/// </summary>
public static class RatioMetric
{
    /// <summary>Σx / Σy with the delta method's interval.</summary>
    public static Computed<Estimate> Delta(PairSummary arm, double confidence = 0.95) =>
        Check(arm, confidence) is { } missing ? missing : Ratio(arm).Then<Estimate>(ratio => new Estimate(
            ratio.Value, ratio.Error,
            Checks.Around(ratio.Value, Normal.UpperQuantile((1 - confidence) / 2) * ratio.Error, Alternative.TwoSided)));

    /// <summary>Σx / Σy with Fieller's interval, t with n − 1 degrees of freedom; unbounded when the denominator is not distinguishable from 0.</summary>
    public static Computed<Estimate> Fieller(PairSummary arm, double confidence = 0.95)
    {
        if (Check(arm, confidence) is { } missing)
            return missing;
        return Ratio(arm).Then<Estimate>(ratio =>
        {
            var q2 = Math.Pow(StudentT.UpperQuantile((1 - confidence) / 2, arm.N - 1), 2) / arm.N;
            var a = arm.MeanY * arm.MeanY - q2 * arm.VarianceY;
            if (a <= 0)
                return NotComputable.Unbounded("The mean of the denominator is not distinguishable from 0.");
            var b = arm.MeanX * arm.MeanY - q2 * arm.Covariance;
            var c = arm.MeanX * arm.MeanX - q2 * arm.VarianceX;
            var root = Math.Sqrt(Math.Max(0, b * b - a * c));
            return new Estimate(ratio.Value, ratio.Error, new((b - root) / a, (b + root) / a));
        });
    }

    /// <summary>Two arms: z test of the difference of ratios by the delta method, and the lift by Fieller on the two ratios.</summary>
    public static Comparison Compare(
        PairSummary control, PairSummary treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        var arms = (Check(control, confidence) ?? Check(treatment, confidence)) is { } missing
            ? missing
            : Ratio(control).Then(c => Ratio(treatment).Then<((double Value, double Error) C, (double Value, double Error) T)>(t =>
                c.Error + t.Error > 0 ? (c, t) : NotComputable.NoVariance("Neither arm's ratio varies between units.")));
        var difference = arms.Map(a =>
        {
            var error = Math.Sqrt(a.C.Error * a.C.Error + a.T.Error * a.T.Error);
            var value = a.T.Value - a.C.Value;
            var z = Normal.UpperQuantile(Checks.TailOf(confidence, alternative));
            return new Estimate(value, error, Checks.Around(value, z * error, alternative));
        });
        var test = difference.Map(d => TestResults.OfZ("Ratio z, delta method", d.Value / d.StandardError!.Value, alternative));
        var lift = arms.Then(a => RelativeLift.Fieller(
            a.C.Value, a.C.Error * a.C.Error, a.T.Value, a.T.Error * a.T.Error, confidence, double.PositiveInfinity, alternative));
        return new(test, difference, lift, confidence);
    }

    /// <summary>Variance of one unit's share in the ratio: (s²x − 2r·sxy + r²s²y) / ȳ².</summary>
    internal static double UnitVariance(PairSummary arm)
    {
        var r = arm.MeanX / arm.MeanY;
        return Math.Max(0, arm.VarianceX - 2 * r * arm.Covariance + r * r * arm.VarianceY) / (arm.MeanY * arm.MeanY);
    }

    private static Computed<(double Value, double Error)> Ratio(PairSummary arm)
    {
        if (arm.MeanY == 0)
            return NotComputable.ZeroBaseline("The denominator's mean is 0.");
        (double Value, double Error) ratio = (arm.MeanX / arm.MeanY, Math.Sqrt(UnitVariance(arm) / arm.N));
        return double.IsFinite(ratio.Value) && double.IsFinite(ratio.Error)
            ? ratio : NotComputable.InvalidInput("The values are too large for a double.");
    }

    private static NotComputable? Check(PairSummary arm, double confidence)
    {
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (!arm.IsValid)
            return NotComputable.InvalidInput("Means must be finite, variances finite and not negative.");
        return arm.N < 2 ? NotComputable.TooFewUnits("Each arm needs at least two units for a variance.") : null;
    }
}

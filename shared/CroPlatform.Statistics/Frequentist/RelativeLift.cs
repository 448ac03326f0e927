using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// treatment / control − 1 from two independent means and the variances of those means (not of the units).
/// Fieller's interval is the one that agrees with the test of the difference, so it is the headline of every comparison;
/// the two delta-method intervals are there for those who must match other engines.
/// </summary>
public static class RelativeLift
{
    /// <summary>
    /// Fieller's interval: all ratios r for which m₁ − r·m₀ is not significantly different from 0. Bounded only while the control
    /// mean is itself distinguishable from 0. The standard error reported is the delta method's.
    /// Source: E. C. Fieller, "Some problems in interval estimation", JRSS B 16 (1954).
    /// </summary>
    /// <param name="control">Mean of control.</param>
    /// <param name="controlVariance">Variance of that mean.</param>
    /// <param name="treatment">Mean of treatment.</param>
    /// <param name="treatmentVariance">Variance of that mean.</param>
    /// <param name="confidence">Between 0 and 1.</param>
    /// <param name="degreesOfFreedom">Infinite for the normal quantile.</param>
    /// <param name="alternative">One-sided intervals have an infinite end.</param>
    public static Computed<Estimate> Fieller(
        double control, double controlVariance, double treatment, double treatmentVariance,
        double confidence = 0.95, double degreesOfFreedom = double.PositiveInfinity, Alternative alternative = Alternative.TwoSided)
    {
        if (Check(control, controlVariance, treatment, treatmentVariance, confidence) is { } missing)
            return missing;
        if (!(degreesOfFreedom > 0))
            return NotComputable.InvalidInput("Degrees of freedom must be positive.");
        var q = StudentT.UpperQuantile(Checks.TailOf(confidence, alternative), degreesOfFreedom);
        var a = control * control - q * q * controlVariance;
        if (a <= 0)
            return NotComputable.Unbounded("The control mean is not distinguishable from 0, so the lift has no bounded interval.");
        var b = control * treatment;
        // discriminant/q² without the cancellation of b² − a·c
        var root = q * Math.Sqrt(Math.Max(0,
            controlVariance * treatment * treatment + treatmentVariance * control * control - q * q * controlVariance * treatmentVariance));
        var lift = (treatment - control) / control;
        return new Estimate(lift, DeltaError(control, controlVariance, treatment, treatmentVariance), alternative switch
        {
            Alternative.Greater => new((b - root) / a - 1, double.PositiveInfinity),
            Alternative.Less => new(double.NegativeInfinity, (b + root) / a - 1),
            _ => new((b - root) / a - 1, (b + root) / a - 1),
        });
    }

    /// <summary>The delta method on the ratio itself: lift ± z·√(v₁/m₀² + m₁²v₀/m₀⁴).</summary>
    public static Computed<Estimate> Delta(
        double control, double controlVariance, double treatment, double treatmentVariance,
        double confidence = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        if (Check(control, controlVariance, treatment, treatmentVariance, confidence) is { } missing)
            return missing;
        var error = DeltaError(control, controlVariance, treatment, treatmentVariance);
        var lift = (treatment - control) / control;
        return new Estimate(lift, error, Checks.Around(lift, Normal.UpperQuantile(Checks.TailOf(confidence, alternative)) * error, alternative));
    }

    /// <summary>The delta method on ln(m₁/m₀) (Katz for proportions), back-transformed; both means must be positive.</summary>
    public static Computed<Estimate> LogDelta(
        double control, double controlVariance, double treatment, double treatmentVariance,
        double confidence = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        if (Check(control, controlVariance, treatment, treatmentVariance, confidence) is { } missing)
            return missing;
        if (control < 0 || treatment <= 0)
            return NotComputable.ZeroBaseline("A logarithm needs both means above 0.");
        var error = Math.Sqrt(treatmentVariance / (treatment * treatment) + controlVariance / (control * control));
        var ratio = treatment / control;
        var on = Checks.Around(Math.Log(ratio), Normal.UpperQuantile(Checks.TailOf(confidence, alternative)) * error, alternative);
        return new Estimate(ratio - 1, error * ratio, new(Log1P.ExpM1(on.Low), Log1P.ExpM1(on.High)));
    }

    private static NotComputable? Check(double control, double controlVariance, double treatment, double treatmentVariance, double confidence)
    {
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (!double.IsFinite(control) || !double.IsFinite(treatment)
            || !(controlVariance >= 0) || !(treatmentVariance >= 0)
            || !double.IsFinite(controlVariance) || !double.IsFinite(treatmentVariance))
        {
            return NotComputable.InvalidInput("Means must be finite, variances finite and not negative.");
        }
        if (control == 0)
            return NotComputable.ZeroBaseline("The control mean is 0: nothing is relative to it.");
        return controlVariance + treatmentVariance == 0 ? NotComputable.NoVariance("Neither arm varies.") : null;
    }

    private static double DeltaError(double control, double controlVariance, double treatment, double treatmentVariance)
    {
        var ratio = treatment / control;
        return Math.Sqrt(treatmentVariance + ratio * ratio * controlVariance) / Math.Abs(control);
    }
}

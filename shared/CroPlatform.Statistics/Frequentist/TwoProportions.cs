using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>Two conversion rates compared: z tests, difference and lift. Sign: treatment − control.</summary>
public static class TwoProportions
{
    /// <summary>
    /// The pooled z test with the unpooled (Wald) interval of the difference and Fieller's interval of the lift, which agrees
    /// with the Wald interval about 0. Sources: Fleiss, Levin, Paik, "Statistical Methods for Rates and Proportions" (2003),
    /// ch. 3; Fieller (1954).
    /// </summary>
    public static Comparison Compare(
        Proportion control, Proportion treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided) =>
        new(PooledZ(control, treatment, alternative),
            Difference(control, treatment, confidence, alternative),
            Lift(control, treatment, confidence, alternative),
            confidence);

    /// <summary>
    /// z = (p₁ − p₀) / √(p(1−p)(1/n₀ + 1/n₁)) with the pooled p; its square is Pearson's chi-square.
    /// <paramref name="continuityCorrection"/> draws |p₁ − p₀| towards 0 by ½(1/n₀ + 1/n₁) (Yates).
    /// </summary>
    public static Computed<TestResult> PooledZ(
        Proportion control, Proportion treatment, Alternative alternative = Alternative.TwoSided, bool continuityCorrection = false)
    {
        if (Checks.Arms(control, treatment) is { } missing)
            return missing;
        double n0 = control.Trials, n1 = treatment.Trials;
        var converted = (double)control.Successes + treatment.Successes;
        var pooled = converted / (n0 + n1);
        var variance = pooled * (((double)control.Failures + treatment.Failures) / (n0 + n1)) * (1 / n0 + 1 / n1);
        if (variance <= 0)
            return NotComputable.NoVariance("No unit or every unit converted in both arms: there is nothing to compare.");
        var difference = treatment.Rate - control.Rate;
        if (continuityCorrection)
            difference = Math.Sign(difference) * Math.Max(0, Math.Abs(difference) - 0.5 * (1 / n0 + 1 / n1));
        return TestResults.OfZ("Two-proportion z, pooled", difference / Math.Sqrt(variance), alternative);
    }

    /// <summary>z = (p₁ − p₀) / √(p₀(1−p₀)/n₀ + p₁(1−p₁)/n₁): agrees with the Wald interval.</summary>
    public static Computed<TestResult> UnpooledZ(
        Proportion control, Proportion treatment, Alternative alternative = Alternative.TwoSided)
    {
        if (Checks.Arms(control, treatment) is { } missing)
            return missing;
        var error = Math.Sqrt(WaldVariance(control) + WaldVariance(treatment));
        if (error <= 0)
            return NotComputable.NoVariance("Each arm has all or none converted: the unpooled standard error is 0.");
        return TestResults.OfZ("Two-proportion z, unpooled", (treatment.Rate - control.Rate) / error, alternative);
    }

    /// <summary>p₁ − p₀ with its Wald interval (unpooled standard error).</summary>
    public static Computed<Estimate> Difference(
        Proportion control, Proportion treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        var error = Math.Sqrt(WaldVariance(control) + WaldVariance(treatment));
        if (error <= 0)
            return NotComputable.NoVariance("Each arm has all or none converted: use Newcombe or Miettinen-Nurminen for an interval.");
        var value = treatment.Rate - control.Rate;
        var z = Normal.UpperQuantile(Checks.TailOf(confidence, alternative));
        return new Estimate(value, error, Checks.Around(value, z * error, alternative));
    }

    /// <summary>p₁/p₀ − 1 with Fieller's interval.</summary>
    public static Computed<Estimate> Lift(
        Proportion control, Proportion treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided) =>
        Checks.Arms(control, treatment) is { } missing
            ? missing
            : RelativeLift.Fieller(control.Rate, WaldVariance(control), treatment.Rate, WaldVariance(treatment),
                confidence, double.PositiveInfinity, alternative);

    /// <summary>p(1 − p)/n: the maximum-likelihood variance of a rate.</summary>
    internal static double WaldVariance(Proportion arm) => arm.Rate * ((double)arm.Failures / arm.Trials) / arm.Trials;
}

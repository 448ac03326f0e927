using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>Two means compared without assuming equal variances. Sign: treatment − control.</summary>
public static class WelchT
{
    /// <summary>
    /// Welch's t with the Welch-Satterthwaite degrees of freedom, the t interval of the difference and Fieller's interval of the
    /// lift at the same degrees of freedom; the three agree about 0. Source: B. L. Welch, Biometrika 34 (1947).
    /// </summary>
    public static Comparison Compare(
        SampleSummary control, SampleSummary treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided) =>
        new(Test(control, treatment, alternative),
            Difference(control, treatment, confidence, alternative),
            Lift(control, treatment, confidence, alternative),
            confidence);

    /// <summary>t = (m₁ − m₀) / √(s₀²/n₀ + s₁²/n₁).</summary>
    public static Computed<TestResult> Test(
        SampleSummary control, SampleSummary treatment, Alternative alternative = Alternative.TwoSided)
    {
        if (Check(control, treatment) is { } missing)
            return missing;
        var t = (treatment.Mean - control.Mean) / Error(control, treatment);
        return TestResults.OfT("Welch t", t, DegreesOfFreedom(control, treatment), alternative);
    }

    public static Computed<Estimate> Difference(
        SampleSummary control, SampleSummary treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        if ((Checks.Confidence(confidence) ?? Check(control, treatment)) is { } missing)
            return missing;
        var error = Error(control, treatment);
        var q = StudentT.UpperQuantile(Checks.TailOf(confidence, alternative), DegreesOfFreedom(control, treatment));
        var value = treatment.Mean - control.Mean;
        return new Estimate(value, error, Checks.Around(value, q * error, alternative));
    }

    /// <summary>Relative lift of means with Fieller's interval.</summary>
    public static Computed<Estimate> Lift(
        SampleSummary control, SampleSummary treatment, double confidence = 0.95, Alternative alternative = Alternative.TwoSided) =>
        (Checks.Confidence(confidence) ?? Check(control, treatment)) is { } missing
            ? missing
            : RelativeLift.Fieller(control.Mean, control.MeanVariance, treatment.Mean, treatment.MeanVariance,
                confidence, DegreesOfFreedom(control, treatment), alternative);

    /// <summary>Welch-Satterthwaite: between min(n₀, n₁) − 1 and n₀ + n₁ − 2.</summary>
    public static double DegreesOfFreedom(SampleSummary control, SampleSummary treatment)
    {
        double v0 = control.MeanVariance, v1 = treatment.MeanVariance;
        // shares, not squares of the variances themselves: those overflow or vanish at extreme scales
        var share = v0 / (v0 + v1);
        return 1 / (share * share / (control.N - 1) + (1 - share) * (1 - share) / (treatment.N - 1));
    }

    private static double Error(SampleSummary control, SampleSummary treatment) =>
        Math.Sqrt(control.MeanVariance + treatment.MeanVariance);

    private static NotComputable? Check(SampleSummary control, SampleSummary treatment)
    {
        if (Checks.Arms(control, treatment) is { } missing)
            return missing;
        var sum = control.MeanVariance + treatment.MeanVariance;
        if (!double.IsFinite(sum) || !double.IsFinite(treatment.Mean - control.Mean))
            return NotComputable.InvalidInput("The values are too large for a double.");
        return sum > 0 ? null : NotComputable.NoVariance("Neither arm varies: a difference of means has no standard error.");
    }
}

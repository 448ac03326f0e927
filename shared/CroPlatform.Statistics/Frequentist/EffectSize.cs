using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>Standardized effects and ratios, treatment against control. Source: J. Cohen, "Statistical Power Analysis" (1988).</summary>
public static class EffectSize
{
    /// <summary>Cohen's h = 2 asin √p₁ − 2 asin √p₀, with its interval (variance 1/n₀ + 1/n₁).</summary>
    public static Computed<Estimate> CohenH(Proportion control, Proportion treatment, double confidence = 0.95)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        var h = CohenH(control.Rate, treatment.Rate);
        var error = Math.Sqrt(1.0 / control.Trials + 1.0 / treatment.Trials);
        return new Estimate(h, error, Checks.Around(h, Normal.UpperQuantile((1 - confidence) / 2) * error, Alternative.TwoSided));
    }

    /// <summary>Cohen's h of two rates between 0 and 1.</summary>
    public static double CohenH(double controlRate, double treatmentRate) =>
        2 * Math.Asin(Math.Sqrt(treatmentRate)) - 2 * Math.Asin(Math.Sqrt(controlRate));

    /// <summary>
    /// Cohen's d = (m₁ − m₀) / pooled standard deviation, with the large-sample error √((n₀+n₁)/(n₀n₁) + d²/2(n₀+n₁)).
    /// Source of the error: Hedges, Olkin, "Statistical Methods for Meta-Analysis" (1985), p. 86.
    /// </summary>
    public static Computed<Estimate> CohenD(SampleSummary control, SampleSummary treatment, double confidence = 0.95) =>
        Standardized(control, treatment, confidence, small: false);

    /// <summary>Hedges's g: d times the exact small-sample factor Γ(ν/2) / (√(ν/2) Γ((ν−1)/2)).</summary>
    public static Computed<Estimate> HedgesG(SampleSummary control, SampleSummary treatment, double confidence = 0.95) =>
        Standardized(control, treatment, confidence, small: true);

    /// <summary>The odds ratio with Woolf's interval.</summary>
    public static Computed<Estimate> OddsRatio(Proportion control, Proportion treatment, double confidence = 0.95)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        if (control.Successes == 0 || control.Failures == 0 || treatment.Successes == 0 || treatment.Failures == 0)
            return NotComputable.NoVariance("An empty cell makes the odds ratio 0 or infinite.");
        var odds = (double)treatment.Successes / treatment.Failures * ((double)control.Failures / control.Successes);
        var error = Math.Sqrt(1.0 / treatment.Successes + 1.0 / treatment.Failures + 1.0 / control.Successes + 1.0 / control.Failures);
        var z = Normal.UpperQuantile((1 - confidence) / 2);
        return new Estimate(odds, odds * error, new(odds * Math.Exp(-z * error), odds * Math.Exp(z * error)));
    }

    private static Computed<Estimate> Standardized(SampleSummary control, SampleSummary treatment, double confidence, bool small)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        double n0 = control.N, n1 = treatment.N, df = n0 + n1 - 2;
        var pooled = Math.Sqrt((n0 - 1) / df * control.Variance + (n1 - 1) / df * treatment.Variance);
        if (!(pooled > 0) || !double.IsFinite(pooled))
            return NotComputable.NoVariance("Neither arm varies: there is no standard deviation to divide by.");
        var d = (treatment.Mean - control.Mean) / pooled;
        if (small)
            d *= Math.Exp(Gammas.LogGamma(df / 2) - Gammas.LogGamma((df - 1) / 2) - 0.5 * Math.Log(df / 2));
        var error = Math.Sqrt(1 / n0 + 1 / n1 + d * d / (2 * (n0 + n1)));
        return new Estimate(d, error, Checks.Around(d, Normal.UpperQuantile((1 - confidence) / 2) * error, Alternative.TwoSided));
    }
}

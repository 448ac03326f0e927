using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Statistics.Trust;

/// <summary>How much one unit decides: the comparison with every unit, and without the largest of each arm.</summary>
public sealed record OutlierInfluence(Comparison All, Comparison WithoutLargest)
{
    /// <summary>A single unit of each arm turns the verdict or the sign of the difference.</summary>
    public bool IsDecisive =>
        All.IsSignificant != WithoutLargest.IsSignificant
        || (All.Difference.TryGet(out var all) && WithoutLargest.Difference.TryGet(out var rest) && all.Value * rest.Value < 0);

    /// <summary>From summaries and each arm's most extreme value; each arm needs three units.</summary>
    public static Computed<OutlierInfluence> Of(
        SampleSummary control, double controlExtreme, SampleSummary treatment, double treatmentExtreme, double confidence = 0.95)
    {
        if (!control.IsValid || !treatment.IsValid || !double.IsFinite(controlExtreme) || !double.IsFinite(treatmentExtreme))
            return NotComputable.InvalidInput("Means and extremes must be finite, variances finite and not negative.");
        if (control.N < 3 || treatment.N < 3)
            return NotComputable.TooFewUnits("Each arm needs at least three units.");
        return new OutlierInfluence(
            WelchT.Compare(control, treatment, confidence),
            WelchT.Compare(Without(control, controlExtreme), Without(treatment, treatmentExtreme), confidence));
    }

    /// <summary>Welford's update run backwards.</summary>
    private static SampleSummary Without(SampleSummary arm, double value)
    {
        double n = arm.N;
        var delta = value - arm.Mean;
        return new(arm.N - 1, arm.Mean - delta / (n - 1), Math.Max(0, ((n - 1) * arm.Variance - delta * delta * (n / (n - 1))) / (n - 2)));
    }
}

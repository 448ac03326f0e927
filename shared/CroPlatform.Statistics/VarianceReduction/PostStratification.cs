using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.VarianceReduction;

/// <summary>
/// Differences within strata fixed before exposure, weighted by the strata's shares of all units: removes the variance between strata.
/// Source: Miratrix, Sekhon, Yu, "Adjusting treatment effect estimates by post-stratification", JRSS B 75 (2013).
/// </summary>
public static class PostStratification
{
    /// <summary>The test (z), difference and lift over strata; each arm needs two units in every stratum that has any.</summary>
    public static Comparison Compare(
        IReadOnlyList<(SampleSummary Control, SampleSummary Treatment)> strata, double confidence = 0.95, Alternative alternative = Alternative.TwoSided)
    {
        var arms = Combine(strata);
        var z = confidence is > 0 and < 1 ? Normal.UpperQuantile(Checks.TailOf(confidence, alternative)) : double.NaN;
        var difference = arms.Then<Estimate>(a =>
        {
            if (Checks.Confidence(confidence) is { } missing)
                return missing;
            var error = Math.Sqrt(a.ControlVariance + a.TreatmentVariance);
            return error > 0 && double.IsFinite(error)
                ? new Estimate(a.Treatment - a.Control, error, Checks.Around(a.Treatment - a.Control, z * error, alternative))
                : NotComputable.NoVariance("Neither arm varies within the strata.");
        });
        var test = difference.Map(d => TestResults.OfZ("Post-stratified z", d.Value / d.StandardError!.Value, alternative));
        var lift = arms.Then(a => RelativeLift.Fieller(
            a.Control, a.ControlVariance, a.Treatment, a.TreatmentVariance, confidence, double.PositiveInfinity, alternative));
        return new(test, difference, lift, confidence);
    }

    private static Computed<(double Control, double ControlVariance, double Treatment, double TreatmentVariance)> Combine(
        IReadOnlyList<(SampleSummary Control, SampleSummary Treatment)> strata)
    {
        ArgumentNullException.ThrowIfNull(strata);
        if (strata.Any(s => !s.Control.IsValid || !s.Treatment.IsValid))
            return NotComputable.InvalidInput("Means must be finite, variances finite and not negative, sizes not negative.");
        var used = strata.Where(s => s.Control.N + s.Treatment.N > 0).ToArray();
        if (used.Length == 0 || used.Any(s => s.Control.N < 2 || s.Treatment.N < 2))
            return NotComputable.TooFewUnits("Each arm needs at least two units in every stratum: merge small strata.");
        var total = used.Sum(s => (double)s.Control.N + s.Treatment.N);
        double m0 = 0, v0 = 0, m1 = 0, v1 = 0;
        foreach (var (control, treatment) in used)
        {
            var weight = ((double)control.N + treatment.N) / total;
            m0 += weight * control.Mean;
            m1 += weight * treatment.Mean;
            v0 += weight * weight * control.MeanVariance;
            v1 += weight * weight * treatment.MeanVariance;
        }
        return (m0, v0, m1, v1);
    }
}

/// <summary>Caps on extreme values, the same for every arm: a cap by arm would bias the comparison.</summary>
public static class Winsorizing
{
    /// <summary>Values cut to [low, high], fixed before the test.</summary>
    public static Computed<IReadOnlyList<double>> Fixed(IReadOnlyList<double> values, double low, double high)
    {
        ArgumentNullException.ThrowIfNull(values);
        return low <= high && values.All(double.IsFinite)
            ? values.Select(v => Math.Clamp(v, low, high)).ToArray()
            : NotComputable.InvalidInput("The low cap must not exceed the high one, and values must be finite.");
    }

    /// <summary>Caps at percentiles of all arms pooled (linear interpolation between order statistics), then every arm cut to them.</summary>
    public static Computed<(IReadOnlyList<IReadOnlyList<double>> Arms, Interval Caps)> ByPercentile(
        IReadOnlyList<IReadOnlyList<double>> arms, double lower = 0, double upper = 0.99)
    {
        ArgumentNullException.ThrowIfNull(arms);
        if (!(lower >= 0 && lower < upper && upper <= 1) || arms.Any(a => !a.All(double.IsFinite)))
            return NotComputable.InvalidInput("Percentiles must ascend between 0 and 1, and values must be finite.");
        var sorted = arms.SelectMany(a => a).Order().ToArray();
        if (sorted.Length == 0)
            return NotComputable.TooFewUnits("Percentiles need values.");
        var caps = new Interval(Percentile(sorted, lower), Percentile(sorted, upper));
        return (arms.Select(a => (IReadOnlyList<double>)a.Select(v => Math.Clamp(v, caps.Low, caps.High)).ToArray()).ToArray(), caps);
    }

    private static double Percentile(double[] sorted, double q)
    {
        var at = q * (sorted.Length - 1);
        var below = (int)at;
        return below + 1 < sorted.Length ? sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }
}

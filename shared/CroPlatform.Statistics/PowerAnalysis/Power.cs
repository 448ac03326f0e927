using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.PowerAnalysis;

/// <summary>
/// Power of the tests that this library runs, at given sizes. The options' <c>Power</c> is ignored here; sizes are real numbers.
/// </summary>
public static class Power
{
    /// <summary>
    /// The pooled z test: critical value by the pooled standard error, spread by the unpooled one.
    /// Source: Fleiss, Levin, Paik (2003), 4.2; two-sided counts rejections on both sides.
    /// </summary>
    public static Computed<double> ForProportions(double control, double treatment, double controlUnits, PowerOptions? options = null)
    {
        options ??= new();
        if ((options.Check() ?? Rates(control, treatment) ?? Units(controlUnits)) is { } missing)
            return missing;
        return Proportions(control, treatment, controlUnits, options, options.TailAlpha);
    }

    /// <summary>Welch's t by the noncentral t with Welch-Satterthwaite degrees of freedom; difference in the metric's unit.</summary>
    public static Computed<double> ForMeans(
        double difference, double controlDeviation, double treatmentDeviation, double controlUnits, PowerOptions? options = null)
    {
        options ??= new();
        if ((options.Check() ?? Deviations(difference, controlDeviation, treatmentDeviation) ?? Units(controlUnits)) is { } missing)
            return missing;
        return controlUnits * Math.Min(1, options.AllocationRatio) <= 1
            ? NotComputable.TooFewUnits("Each arm needs more than one unit.")
            : Means(difference, controlDeviation, treatmentDeviation, controlUnits, options, options.TailAlpha);
    }

    /// <summary>A difference of ratios by the delta method (normal); the deviations are those of one unit: √(variance of the ratio × n).</summary>
    public static Computed<double> ForRatios(
        double difference, PairSummary control, PairSummary treatment, double controlUnits, PowerOptions? options = null)
    {
        options ??= new();
        if (!control.IsValid || !treatment.IsValid || control.MeanY == 0 || treatment.MeanY == 0)
            return NotComputable.ZeroBaseline("The denominators' means must not be 0.");
        var (s0, s1) = (Math.Sqrt(RatioMetric.UnitVariance(control)), Math.Sqrt(RatioMetric.UnitVariance(treatment)));
        if ((options.Check() ?? Deviations(difference, s0, s1) ?? Units(controlUnits)) is { } missing)
            return missing;
        return Z(Math.Abs(difference), Error(s0, s1, controlUnits, options), Error(s0, s1, controlUnits, options), options.TailAlpha, options.TwoSided);
    }

    /// <summary>
    /// The Farrington-Manning score test of non-inferiority with margin &gt; 0 (one-sided at alpha): rates as expected.
    /// Source: Farrington, Manning, Statistics in Medicine 9 (1990).
    /// </summary>
    public static Computed<double> ForNonInferiority(
        double control, double treatment, double margin, double controlUnits, PowerOptions? options = null)
    {
        options = (options ?? new()) with { Alternative = Alternative.Greater };
        if ((options.Check() ?? Margin(control, treatment, margin) ?? Units(controlUnits)) is { } missing)
            return missing;
        return NonInferior(control, treatment, margin, controlUnits, options, options.TailAlpha);
    }

    /// <summary>Non-inferiority of means by more than −margin, noncentral t, one-sided.</summary>
    public static Computed<double> ForNonInferiorMeans(
        double difference, double margin, double controlDeviation, double treatmentDeviation, double controlUnits, PowerOptions? options = null) =>
        margin > 0 && difference + margin > 0
            ? ForMeans(difference + margin, controlDeviation, treatmentDeviation, controlUnits, (options ?? new()) with { Alternative = Alternative.Greater })
            : NotComputable.InvalidInput("The margin must be positive and the expected difference above −margin.");

    /// <summary>Pearson's chi-square over all arms (noncentral chi-square); units for each arm. Source: Cohen (1988), ch. 7.</summary>
    public static Computed<double> ForArms(IReadOnlyList<double> rates, IReadOnlyList<double> units, double alpha = 0.05)
    {
        ArgumentNullException.ThrowIfNull(rates);
        ArgumentNullException.ThrowIfNull(units);
        if (rates.Count < 2 || rates.Count != units.Count || rates.Any(r => !(r >= 0 && r <= 1)) || units.Any(u => !(u > 0)) || !(alpha > 0 && alpha < 1))
            return NotComputable.InvalidInput("Each of at least two arms needs a rate between 0 and 1 and units above 0.");
        var total = units.Sum();
        var mean = rates.Zip(units).Sum(a => a.First * a.Second) / total;
        if (mean is <= 0 or >= 1)
            return NotComputable.NoVariance("All units have the same outcome.");
        var noncentrality = rates.Zip(units).Sum(a => a.Second * (a.First - mean) * (a.First - mean)) / (mean * (1 - mean));
        var df = rates.Count - 1;
        return noncentrality < 1e4 ? Noncentral.ChiSquareUpperTail(ChiSquare.UpperQuantile(alpha, df), df, noncentrality) : 1;
    }

    /// <summary>One-way analysis of variance over all arms with one standard deviation (noncentral F). Source: Cohen (1988), ch. 8.</summary>
    public static Computed<double> ForAnova(IReadOnlyList<double> means, double deviation, IReadOnlyList<double> units, double alpha = 0.05)
    {
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(units);
        if (means.Count < 2 || means.Count != units.Count || !means.All(double.IsFinite) || units.Any(u => !(u > 1)) || !(deviation > 0) || !(alpha > 0 && alpha < 1))
            return NotComputable.InvalidInput("Each of at least two arms needs a mean and more than one unit, the deviation must be above 0.");
        var total = units.Sum();
        var mean = means.Zip(units).Sum(a => a.First * a.Second) / total;
        var noncentrality = means.Zip(units).Sum(a => a.Second * Math.Pow((a.First - mean) / deviation, 2));
        double d1 = means.Count - 1, d2 = total - means.Count;
        var critical = Roots.Bracketed(f => FisherF.UpperTail(f, d1, d2).LogP - Math.Log(alpha), 1, 0, double.PositiveInfinity);
        return noncentrality < 1e4 ? Noncentral.FisherFUpperTail(critical, d1, d2, noncentrality) : 1;
    }

    internal static double Proportions(double p0, double p1, double n0, PowerOptions options, double tail)
    {
        var n1 = n0 * options.AllocationRatio;
        var pooled = (p0 * n0 + p1 * n1) / (n0 + n1);
        var factor = Math.Sqrt(options.VarianceFactor);
        var under0 = factor * Math.Sqrt(pooled * (1 - pooled) * (1 / n0 + 1 / n1));
        var under1 = factor * Math.Sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1);
        return Z(Math.Abs(p1 - p0), under0, under1, tail, options.TwoSided);
    }

    internal static double Means(double difference, double s0, double s1, double n0, PowerOptions options, double tail)
    {
        var n1 = n0 * options.AllocationRatio;
        double v0 = s0 * s0 / n0, v1 = s1 * s1 / n1;
        var share = v0 / (v0 + v1);
        var df = 1 / (share * share / (n0 - 1) + (1 - share) * (1 - share) / (n1 - 1));
        var ncp = Math.Abs(difference) / Math.Sqrt((v0 + v1) * options.VarianceFactor);
        var critical = StudentT.UpperQuantile(tail, df);
        var power = 1 - Noncentral.StudentTCdf(critical, df, ncp);
        return options.TwoSided ? power + Noncentral.StudentTCdf(-critical, df, ncp) : power;
    }

    internal static double NonInferior(double p0, double p1, double margin, double n0, PowerOptions options, double tail)
    {
        var n1 = n0 * options.AllocationRatio;
        var q0 = DifferenceInterval.ConstrainedControl(p0 * n0, n0, p1 * n1, n1, -margin);
        var q1 = Math.Clamp(q0 - margin, 0, 1);
        var factor = Math.Sqrt(options.VarianceFactor);
        var under0 = factor * Math.Sqrt(q0 * (1 - q0) / n0 + q1 * (1 - q1) / n1);
        var under1 = factor * Math.Sqrt(p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1);
        return Z(p1 - p0 + margin, under0, under1, tail, twoSided: false);
    }

    internal static double Error(double s0, double s1, double n0, PowerOptions options) =>
        Math.Sqrt((s0 * s0 / n0 + s1 * s1 / (n0 * options.AllocationRatio)) * options.VarianceFactor);

    internal static double Z(double difference, double under0, double under1, double tail, bool twoSided)
    {
        var critical = Normal.UpperQuantile(tail) * under0;
        var power = Normal.UpperTail((critical - difference) / under1);
        return twoSided ? power + Normal.UpperTail((critical + difference) / under1) : power;
    }

    internal static NotComputable? Rates(double control, double treatment) =>
        control >= 0 && control <= 1 && treatment >= 0 && treatment <= 1 && control + treatment is > 0 and < 2
            ? null : NotComputable.InvalidInput("Rates lie between 0 and 1, and not both at one end.");

    internal static NotComputable? Deviations(double difference, double s0, double s1) =>
        double.IsFinite(difference) && s0 >= 0 && s1 >= 0 && s0 + s1 > 0 && double.IsFinite(s0 * s0 + s1 * s1)
            ? null : NotComputable.InvalidInput("The difference must be finite and the standard deviations not negative, not both 0.");

    internal static NotComputable? Margin(double control, double treatment, double margin) =>
        Rates(control, treatment) ?? (margin > 0 && margin < 1 && treatment - control + margin > 0
            ? null : NotComputable.InvalidInput("The margin lies between 0 and 1, and the expected difference above −margin."));

    private static NotComputable? Units(double units) =>
        units > 0 && double.IsFinite(units) ? null : NotComputable.InvalidInput("The number of units must be positive.");
}

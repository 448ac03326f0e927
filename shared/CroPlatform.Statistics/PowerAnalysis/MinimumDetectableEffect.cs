using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.PowerAnalysis;

/// <summary>The smallest effect found with the options' power at a given size: the inverse of <see cref="Power"/> in the effect.</summary>
public static class MinimumDetectableEffect
{
    /// <summary>Absolute difference of rates above the baseline, or below it (negative) with <paramref name="decrease"/>.</summary>
    public static Computed<double> ForProportions(double baseline, double controlUnits, PowerOptions? options = null, bool decrease = false)
    {
        options ??= new();
        var end = decrease ? 0.0 : 1;
        if (!(baseline > 0 && baseline < 1))
            return NotComputable.InvalidInput("The baseline must lie between 0 and 1.");
        return Power.ForProportions(baseline, (baseline + end) / 2, controlUnits, options).Then<double>(_ =>
        {
            var tail = options.TailAlpha;
            double Gap(double share) => Power.Proportions(baseline, baseline + share * (end - baseline), controlUnits, options, tail) - options.Power;
            if (Gap(1 - 1e-12) < 0)
                return NotComputable.TooFewUnits("So few units would not show even the largest effect.");
            return (end - baseline) * Roots.Brent(Gap, 1e-12, Gap(1e-12), 1 - 1e-12, Gap(1 - 1e-12), 1e-15);
        });
    }

    /// <summary>Difference in the metric's unit.</summary>
    public static Computed<double> ForMeans(double controlDeviation, double treatmentDeviation, double controlUnits, PowerOptions? options = null)
    {
        options ??= new();
        return Power.ForMeans(0, controlDeviation, treatmentDeviation, controlUnits, options).Map(_ =>
        {
            var tail = options.TailAlpha;
            var start = 2.8 * Power.Error(controlDeviation, treatmentDeviation, controlUnits, options);
            return Roots.Bracketed(
                d => Power.Means(d, controlDeviation, treatmentDeviation, controlUnits, options, tail) - options.Power, start, 0, double.PositiveInfinity);
        });
    }

    /// <summary>Difference of ratios.</summary>
    public static Computed<double> ForRatios(PairSummary control, PairSummary treatment, double controlUnits, PowerOptions? options = null)
    {
        options ??= new();
        return Power.ForRatios(0, control, treatment, controlUnits, options).Map(_ => Roots.Bracketed(
            d => Power.ForRatios(d, control, treatment, controlUnits, options).Value - options.Power, 1e-3, 0, double.PositiveInfinity));
    }
}

/// <summary>How long the traffic takes to fill a plan.</summary>
public static class Duration
{
    /// <summary>Days, not rounded: units in all arms over the units that enter each day. Whole weeks are the reader's to choose.</summary>
    /// <param name="plan">The sizes needed.</param>
    /// <param name="unitsPerDay">New units a day that are eligible.</param>
    /// <param name="coverage">Share of them that takes part, above 0 to 1.</param>
    /// <param name="maturingDays">Days that the last unit's window still runs.</param>
    public static Computed<double> Days(SampleSizePlan plan, double unitsPerDay, double coverage = 1, double maturingDays = 0)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return unitsPerDay > 0 && double.IsFinite(unitsPerDay) && coverage is > 0 and <= 1 && maturingDays >= 0
            ? plan.Total / (unitsPerDay * coverage) + maturingDays
            : NotComputable.InvalidInput("Traffic must be positive, coverage above 0 and at most 1, the window not negative.");
    }
}

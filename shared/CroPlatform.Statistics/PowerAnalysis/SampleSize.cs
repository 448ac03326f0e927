using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.PowerAnalysis;

/// <summary>Units needed to find an effect with the options' power: the exact inverse of <see cref="Power"/>.</summary>
public static class SampleSize
{
    /// <summary>Two rates, each between 0 and 1.</summary>
    public static Computed<SampleSizePlan> ForProportions(double control, double treatment, PowerOptions? options = null)
    {
        options ??= new();
        if ((options.Check() ?? Power.Rates(control, treatment) ?? Different(treatment - control)) is { } missing)
            return missing;
        var tail = options.TailAlpha;
        return Plan(n => Power.Proportions(control, treatment, n, options, tail), options);
    }

    /// <summary>A baseline and a relative effect: 0.05 and 0.2 mean 5 % against 6 %.</summary>
    public static Computed<SampleSizePlan> ForRelativeEffect(double baseline, double relativeEffect, PowerOptions? options = null) =>
        ForProportions(baseline, baseline * (1 + relativeEffect), options);

    public static Computed<SampleSizePlan> ForMeans(
        double difference, double controlDeviation, double treatmentDeviation, PowerOptions? options = null)
    {
        options ??= new();
        if ((options.Check() ?? Power.Deviations(difference, controlDeviation, treatmentDeviation) ?? Different(difference)) is { } missing)
            return missing;
        var tail = options.TailAlpha;
        return Plan(n => Power.Means(difference, controlDeviation, treatmentDeviation, n, options, tail), options,
            1.0001 / Math.Min(1, options.AllocationRatio));
    }

    /// <summary>One standard deviation for both arms.</summary>
    public static Computed<SampleSizePlan> ForMeans(double difference, double deviation, PowerOptions? options = null) =>
        ForMeans(difference, deviation, deviation, options);

    /// <summary>A difference of ratios by the delta method; the summaries give one unit's spread in each arm.</summary>
    public static Computed<SampleSizePlan> ForRatios(double difference, PairSummary control, PairSummary treatment, PowerOptions? options = null)
    {
        options ??= new();
        return Power.ForRatios(difference, control, treatment, 1, options).Missing is { } missing ? missing
            : Different(difference) is { } same ? same
            : Plan(n => Power.ForRatios(difference, control, treatment, n, options).Value, options);
    }

    /// <summary>Non-inferiority of rates by the Farrington-Manning score test, one-sided.</summary>
    public static Computed<SampleSizePlan> ForNonInferiority(double control, double treatment, double margin, PowerOptions? options = null)
    {
        options = (options ?? new()) with { Alternative = Alternative.Greater };
        if ((options.Check() ?? Power.Margin(control, treatment, margin)) is { } missing)
            return missing;
        var tail = options.TailAlpha;
        return Plan(n => Power.NonInferior(control, treatment, margin, n, options, tail), options);
    }

    /// <summary>Non-inferiority of means, one-sided.</summary>
    public static Computed<SampleSizePlan> ForNonInferiorMeans(
        double difference, double margin, double controlDeviation, double treatmentDeviation, PowerOptions? options = null) =>
        margin > 0 && difference + margin > 0
            ? ForMeans(difference + margin, controlDeviation, treatmentDeviation, (options ?? new()) with { Alternative = Alternative.Greater })
            : NotComputable.InvalidInput("The margin must be positive and the expected difference above −margin.");

    /// <summary>Equal arms for Pearson's chi-square over all of them: units for each arm.</summary>
    public static Computed<double> ForArms(IReadOnlyList<double> rates, double alpha = 0.05, double power = 0.8)
    {
        ArgumentNullException.ThrowIfNull(rates);
        if (!(power > alpha && power < 1))
            return NotComputable.InvalidInput("The power must lie between alpha and 1.");
        if (rates.Distinct().Count() < 2)
            return NotComputable.InvalidInput("Without a difference no size is enough.");
        return Power.ForArms(rates, Enumerable.Repeat(1.0, rates.Count).ToArray(), alpha).Map(_ =>
            Roots.Bracketed(n => Power.ForArms(rates, Enumerable.Repeat(n, rates.Count).ToArray(), alpha).Value - power, 100, 0, double.PositiveInfinity));
    }

    private static NotComputable? Different(double difference) =>
        difference != 0 ? null : NotComputable.InvalidInput("Without a difference no size is enough.");

    private static Computed<SampleSizePlan> Plan(Func<double, double> power, PowerOptions options, double least = 1e-9)
    {
        if (!(power(1e15) >= options.Power))
            return NotComputable.NoConvergence("The effect is too small for any size.");
        var exact = Math.Exp(Roots.Bracketed(logN => power(Math.Exp(logN)) - options.Power, Math.Log(Math.Max(1000, 2 * least)), Math.Log(least), Math.Log(2e15)));
        if (!(exact * Math.Max(1, options.AllocationRatio) < 1e18))
            return NotComputable.NoConvergence("The effect is too small for any size.");
        return new SampleSizePlan(exact, Up(exact), Up(exact * options.AllocationRatio), options.Treatments);
    }

    /// <summary>Rounds up, but not for what is only rounding error.</summary>
    private static long Up(double n) => Math.Max(1, (long)Math.Ceiling(n * (1 - 1e-12)));
}

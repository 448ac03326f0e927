using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Two-sided intervals of one proportion. Source: Brown, Cai, DasGupta, "Interval estimation for a binomial proportion",
/// Statistical Science 16 (2001).
/// </summary>
public static class BinomialInterval
{
    /// <summary>The score interval (Wilson, 1927): the one to use by default.</summary>
    public static Computed<Interval> Wilson(Proportion arm, double confidence = 0.95) => Of(arm, confidence, z =>
    {
        double n = arm.Trials;
        var centre = (arm.Successes + 0.5 * z * z) / (n + z * z);
        var half = z / (n + z * z) * Math.Sqrt(arm.Successes * (arm.Failures / n) + 0.25 * z * z);
        return new(arm.Successes == 0 ? 0 : centre - half, arm.Failures == 0 ? 1 : centre + half);
    });

    /// <summary>Adds z²/2 successes and failures, then Wald; cut at 0 and 1.</summary>
    public static Computed<Interval> AgrestiCoull(Proportion arm, double confidence = 0.95) => Of(arm, confidence, z =>
    {
        var n = arm.Trials + z * z;
        var p = (arm.Successes + 0.5 * z * z) / n;
        var half = z * Math.Sqrt(p * (1 - p) / n);
        return new(Math.Max(0, p - half), Math.Min(1, p + half));
    });

    /// <summary>Exact: covers at least as often as it says, at the price of width.</summary>
    public static Computed<Interval> ClopperPearson(Proportion arm, double confidence = 0.95) => Of(arm, confidence, _ => new(
        arm.Successes == 0 ? 0 : BetaDistribution.Quantile((1 - confidence) / 2, arm.Successes, arm.Failures + 1.0),
        arm.Failures == 0 ? 1 : BetaDistribution.UpperQuantile((1 - confidence) / 2, arm.Successes + 1.0, arm.Failures)));

    /// <summary>Equal-tailed posterior interval under Jeffreys's prior Beta(½, ½), closed at 0 and 1 as Brown et al. advise.</summary>
    public static Computed<Interval> Jeffreys(Proportion arm, double confidence = 0.95) => Of(arm, confidence, _ => new(
        arm.Successes == 0 ? 0 : BetaDistribution.Quantile((1 - confidence) / 2, arm.Successes + 0.5, arm.Failures + 0.5),
        arm.Failures == 0 ? 1 : BetaDistribution.UpperQuantile((1 - confidence) / 2, arm.Successes + 0.5, arm.Failures + 0.5)));

    /// <summary>p ± z·√(p(1−p)/n): for comparison only, it covers poorly at small rates.</summary>
    public static Computed<Interval> Wald(Proportion arm, double confidence = 0.95) =>
        arm.IsValid && arm.Trials > 0 && (arm.Successes == 0 || arm.Failures == 0)
            ? NotComputable.NoVariance("No unit or every unit converted: the Wald interval has no width; use Wilson.")
            : Of(arm, confidence, z =>
            {
                var half = z * Math.Sqrt(TwoProportions.WaldVariance(arm));
                return new(arm.Rate - half, arm.Rate + half);
            });

    private static Computed<Interval> Of(Proportion arm, double confidence, Func<double, Interval> interval)
    {
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (!arm.IsValid)
            return NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
        return arm.Trials == 0
            ? NotComputable.TooFewUnits("An interval needs at least one unit.")
            : interval(Normal.UpperQuantile((1 - confidence) / 2));
    }
}

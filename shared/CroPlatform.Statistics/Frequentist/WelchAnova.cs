namespace CroPlatform.Statistics.Frequentist;

/// <summary>Equality of k means without assuming equal variances.</summary>
public static class WelchAnova
{
    /// <summary>
    /// Welch's F. Arms of no units are left out; every other arm needs two units and a variance above 0.
    /// Source: B. L. Welch, "On the comparison of several mean values", Biometrika 38 (1951).
    /// </summary>
    public static Computed<TestResult> Test(IReadOnlyList<SampleSummary> arms)
    {
        ArgumentNullException.ThrowIfNull(arms);
        if (arms.Any(arm => !arm.IsValid))
            return NotComputable.InvalidInput("Means must be finite, variances finite and not negative, sizes not negative.");
        var used = arms.Where(arm => arm.N > 0).ToArray();
        if (used.Length < 2)
            return NotComputable.TooFewUnits("At least two arms need units.");
        if (used.Any(arm => arm.N < 2))
            return NotComputable.TooFewUnits("Each arm needs at least two units for a variance.");
        if (used.Any(arm => arm.MeanVariance <= 0))
            return NotComputable.NoVariance("An arm does not vary, so its weight would be infinite.");
        var k = used.Length;
        // weights relative to the largest, so that extreme scales neither overflow nor vanish
        var least = used.Min(arm => arm.MeanVariance);
        var weights = used.Select(arm => least / arm.MeanVariance).ToArray();
        var total = weights.Sum();
        var origin = used[0].Mean;
        var mean = 0.0;
        for (var i = 0; i < k; i++)
            mean += weights[i] * (used[i].Mean - origin) / total;
        double between = 0, lambda = 0;
        for (var i = 0; i < k; i++)
        {
            var z = (used[i].Mean - origin - mean) / Math.Sqrt(least);
            between += weights[i] * z * z;
            lambda += Math.Pow(1 - weights[i] / total, 2) / (used[i].N - 1);
        }
        if (!double.IsFinite(between))
            return NotComputable.InvalidInput("The values are too large for a double.");
        var square = (double)k * k - 1;
        var f = between / (k - 1) / (1 + 2 * (k - 2) * lambda / square);
        return TestResults.OfF("Welch ANOVA", f, k - 1, square / (3 * lambda));
    }
}

using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Quantile metrics whose observations cluster by unit. The share of observations at or below the quantile is a ratio metric
/// with a cluster-robust error; its interval is carried back through the distribution (Woodruff), so no density is estimated.
/// Sources: R. S. Woodruff, JASA 47 (1952); Deng, Knoblich, Lu, "Applying the delta method in metric analytics", KDD 2018.
/// </summary>
public static class QuantileMetric
{
    /// <summary>A quantile from unit-hash groups; its standard error comes from the spread between groups, t with G − 1 degrees.</summary>
    public static Computed<Estimate> Of(GroupedQuantileSketch sketch, double quantile, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(sketch);
        if (Invalid(quantile, confidence) is { } missing)
            return missing;
        var total = sketch.Total();
        if (!total.Quantile(quantile).TryGet(out var value))
            return total.Quantile(quantile).Missing!.Value;
        var groups = sketch.Groups.Where(g => g.Count > 0).Select(g => ((double)g.Count, (double)g.CountAtMost(value))).ToArray();
        return Woodruff(value, quantile, confidence, groups, q => total.Quantile(q).Value);
    }

    /// <summary>A quantile from raw observations, each with its unit; lower empirical quantile, rank ⌊q(n − 1)⌋.</summary>
    public static Computed<Estimate> Of(
        IReadOnlyList<double> values, IReadOnlyList<int> units, double quantile, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(units);
        if (Invalid(quantile, confidence) is { } missing)
            return missing;
        if (values.Count != units.Count || !values.All(double.IsFinite))
            return NotComputable.InvalidInput("There must be one unit for each value, and values must be finite.");
        if (values.Count == 0)
            return NotComputable.TooFewUnits("A quantile needs at least one value.");
        var sorted = values.Order().ToArray();
        double At(double q) => sorted[(int)(q * (sorted.Length - 1))];
        var value = At(quantile);
        var clusters = values.Zip(units).GroupBy(pair => pair.Second)
            .Select(unit => ((double)unit.Count(), (double)unit.Count(pair => pair.First <= value))).ToArray();
        return Woodruff(value, quantile, confidence, clusters, At);
    }

    /// <summary>treatment − control of two independent quantiles, by their standard errors and the normal distribution.</summary>
    public static Computed<Estimate> Difference(Estimate control, Estimate treatment, double confidence = 0.95)
    {
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (control.StandardError is not { } e0 || treatment.StandardError is not { } e1 || e0 * e0 + e1 * e1 <= 0)
            return NotComputable.NoVariance("The quantiles have no standard error.");
        var error = Math.Sqrt(e0 * e0 + e1 * e1);
        var difference = treatment.Value - control.Value;
        return new Estimate(difference, error,
            Checks.Around(difference, Normal.UpperQuantile((1 - confidence) / 2) * error, Alternative.TwoSided));
    }

    /// <summary>z test of the difference with its interval, and the lift by Fieller.</summary>
    public static Comparison Compare(Computed<Estimate> control, Computed<Estimate> treatment, double confidence = 0.95)
    {
        var difference = control.Then(c => treatment.Then(t => Difference(c, t, confidence)));
        var test = difference.Map(d => TestResults.OfZ("Quantile z, clustered", d.Value / d.StandardError!.Value, Alternative.TwoSided));
        var lift = control.Then(c => treatment.Then(t => RelativeLift.Fieller(
            c.Value, Square(c.StandardError), t.Value, Square(t.StandardError), confidence)));
        return new(test, difference, lift, confidence);
    }

    private static double Square(double? x) => (x * x) ?? 0;

    /// <summary>Clusters are (observations, observations at or below the quantile).</summary>
    private static Computed<Estimate> Woodruff(
        double value, double quantile, double confidence, (double Count, double Below)[] clusters, Func<double, double> at)
    {
        var g = clusters.Length;
        if (g < 2)
            return NotComputable.TooFewUnits("A clustered error needs at least two units or groups.");
        var n = clusters.Sum(c => c.Count);
        var share = clusters.Sum(c => c.Below) / n;
        var squares = clusters.Sum(c => Math.Pow(c.Below - share * c.Count, 2));
        var error = Math.Sqrt((double)g / (g - 1) * squares) / n;
        if (error <= 0)
            return NotComputable.NoVariance("Every unit has the same share below the quantile.");
        var q = StudentT.UpperQuantile((1 - confidence) / 2, g - 1);
        if (quantile - q * error <= 0 || quantile + q * error >= 1)
            return NotComputable.TooFewUnits("Too few observations lie beyond the quantile for an interval.");
        var low = at(quantile - q * error);
        var high = at(quantile + q * error);
        return new Estimate(value, (high - low) / (2 * q), new(low, high));
    }

    private static NotComputable? Invalid(double quantile, double confidence) =>
        Checks.Confidence(confidence)
        ?? (quantile > 0 && quantile < 1 ? null : NotComputable.InvalidInput("A quantile lies between 0 and 1, both excluded."));
}

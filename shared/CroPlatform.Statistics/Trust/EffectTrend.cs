using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Trust;

/// <summary>What a trend of the effect over days looks like.</summary>
public enum TrendKind
{
    None,

    /// <summary>The effect fades: people tried what was new.</summary>
    Novelty,

    /// <summary>The effect grows: people had to learn.</summary>
    Primacy,
}

/// <summary>Trend of daily effects.</summary>
/// <param name="Test">That the slope is 0.</param>
/// <param name="Slope">Change of the effect a day (or for each unit of the time given).</param>
/// <param name="Start">The fitted effect at time 0.</param>
public sealed record EffectTrend(TestResult Test, Estimate Slope, double Start)
{
    /// <summary>Novelty when the effect shrinks towards 0 at the given level, primacy when it grows away from it.</summary>
    public TrendKind Kind(double alpha = 0.05) =>
        Test.PValue > alpha ? TrendKind.None : Math.Sign(Slope.Value) == -Math.Sign(Start) ? TrendKind.Novelty : TrendKind.Primacy;

    /// <summary>
    /// Weighted least squares of independent daily effects on time, weights 1/se²; needs three days.
    /// Source: Kohavi, Tang, Xu, "Trustworthy Online Controlled Experiments" (2020), ch. 3.
    /// </summary>
    public static Computed<EffectTrend> Of(IReadOnlyList<(double Time, EffectEstimate Effect)> days, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(days);
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (days.Count < 3)
            return NotComputable.TooFewUnits("A trend needs at least three days.");
        if (days.Any(d => !double.IsFinite(d.Time) || !double.IsFinite(d.Effect.Effect) || !(d.Effect.StandardError is > 1e-100 and < 1e100)))
            return NotComputable.InvalidInput("Times and effects must be finite, standard errors above 0.");
        double w = 0, wt = 0, wy = 0;
        foreach (var (time, effect) in days)
        {
            var weight = 1 / (effect.StandardError * effect.StandardError);
            (w, wt, wy) = (w + weight, wt + weight * time, wy + weight * effect.Effect);
        }
        double tt = 0, ty = 0;
        foreach (var (time, effect) in days)
        {
            var weight = 1 / (effect.StandardError * effect.StandardError);
            tt += weight * (time - wt / w) * (time - wt / w);
            ty += weight * (time - wt / w) * (effect.Effect - wy / w);
        }
        if (!(tt > 0) || !double.IsFinite(tt) || !double.IsFinite(ty))
            return NotComputable.NoVariance("All effects are of one time, or their scale is out of range.");
        var slope = ty / tt;
        var error = 1 / Math.Sqrt(tt);
        return new EffectTrend(
            TestResults.OfZ("Trend of the effect", slope / error, Alternative.TwoSided),
            new(slope, error, Checks.Around(slope, Normal.UpperQuantile((1 - confidence) / 2) * error, Alternative.TwoSided)),
            wy / w - slope * (wt / w));
    }
}

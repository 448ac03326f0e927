using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Sequential;

/// <summary>What a group-sequential test concludes at a look.</summary>
/// <param name="Look">1-based.</param>
/// <param name="Rejects">The bound is crossed.</param>
/// <param name="Futile">The futility bound is crossed.</param>
/// <param name="AdjustedPValue">By stage-wise ordering; valid at stopping (two-sided designs: twice the smaller side).</param>
/// <param name="MedianUnbiased">The effect under which the result is the median, in the estimate's unit, with the stage-wise interval.</param>
/// <param name="RepeatedInterval">Estimate ± bound × standard error: valid at every look, stopped or not.</param>
public sealed record GroupSequentialResult(
    int Look, bool Rejects, bool Futile, double AdjustedPValue, Computed<Estimate> MedianUnbiased, Computed<Interval> RepeatedInterval);

/// <summary>Inference at a look. Source: Jennison, Turnbull (2000), ch. 8 and 9; Tsiatis, Rosner, Mehta, Biometrics 40 (1984).</summary>
public sealed partial class GroupSequentialDesign
{
    /// <summary>
    /// Judges the estimate of treatment − control and its standard error at a look (1-based); earlier looks did not stop.
    /// </summary>
    public Computed<GroupSequentialResult> Analyze(int look, double estimate, double standardError)
    {
        if (look < 1 || look > Upper.Length)
            return NotComputable.InvalidInput($"The look must lie between 1 and {Upper.Length}.");
        if (!double.IsFinite(estimate) || !(standardError > 0) || !double.IsFinite(standardError))
            return NotComputable.NoVariance("The estimate must be finite and its standard error above 0.");
        var z = estimate / standardError;
        var (upper, lower) = (Upper[look - 1], Lower[look - 1]);
        var rejects = z >= upper || (Options.TwoSided && z <= lower);
        var wedge = Wedge[look - 1];
        var futile = !rejects && (Options.TwoSided ? wedge > 0 && Math.Abs(z) <= wedge : z <= lower);
        var above = AtLeast(look, z, 0);
        var p = Options.TwoSided ? Math.Min(1, 2 * (z < 0 ? AtLeast(look, -z, 0) : above)) : above;
        return new GroupSequentialResult(look, rejects, futile, p, MedianUnbiased(look, z, standardError), Repeated(upper, estimate, standardError));
    }

    /// <summary>
    /// P(this result or one more extreme upwards): stopping earlier is more extreme than any z later. Two-sided, the sides mirror
    /// each other, and stops in an earlier wedge lie between them.
    /// </summary>
    private double AtLeast(int look, double z, double drift)
    {
        if (Options.TwoSided && z < 0)
            return 1 - AtLeast(look, -z, -drift);
        var lower = Options is { BindingFutility: false, TwoSided: false } ? Upper.Select(_ => double.NegativeInfinity).ToArray() : Lower;
        var bounds = Upper.ToArray();
        bounds[look - 1] = z;
        return CrossAbove(TimesArray, bounds, lower, drift, look, null, Options.BindingFutility ? Wedge : null);
    }

    private Computed<Estimate> MedianUnbiased(int look, double z, double standardError)
    {
        // z at information t has mean drift·√t, which is θ/se
        var unit = standardError * Math.Sqrt(Times[look - 1]);
        if (!(Math.Abs(z) < 35))
            return NotComputable.NoConvergence("So extreme a z leaves the range of the integration; the fixed interval applies.");
        var tail = Options.TwoSided ? Options.Alpha / 2 : Options.Alpha;
        var start = z / Math.Sqrt(Times[look - 1]);
        double Drift(double p) => Roots.Bracketed(
            d => Normal.Quantile(Math.Clamp(AtLeast(look, z, d), 1e-300, 1 - 1e-16)) - Normal.Quantile(p), start, -80, 80, 1e-10);
        return new Estimate(Drift(0.5) * unit, null, new(
            Drift(tail) * unit, Options.TwoSided ? Drift(1 - tail) * unit : double.PositiveInfinity));
    }

    private Computed<Interval> Repeated(double bound, double estimate, double standardError) =>
        double.IsInfinity(bound)
            ? NotComputable.Unbounded("Nothing is spent at this look.")
            : Checks.Around(estimate, bound * standardError, Options.TwoSided ? Alternative.TwoSided : Alternative.Greater);
}

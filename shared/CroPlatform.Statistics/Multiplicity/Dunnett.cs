using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Multiplicity;

/// <summary>
/// Dunnett's comparisons of several treatments with one control: the joint distribution of their t statistics, correlated
/// through the control they share (ρᵢⱼ = λᵢλⱼ with λᵢ = √(nᵢ/(nᵢ + n₀))), by double Gauss-Legendre quadrature.
/// Sources: Dunnett, JASA 50 (1955) and Biometrics 20 (1964).
/// </summary>
public static class Dunnett
{
    /// <summary>
    /// P(some |Tᵢ| &gt; t) (or some Tᵢ &gt; t one-sided): the adjusted p-value of a statistic t.
    /// </summary>
    /// <param name="shares">λᵢ² = nᵢ/(nᵢ + n₀) of each treatment; ½ with equal arms.</param>
    /// <param name="t">The statistic.</param>
    /// <param name="degreesOfFreedom">Of the pooled variance; infinite for z statistics.</param>
    /// <param name="twoSided">Both sides count.</param>
    public static Tail UpperTail(IReadOnlyList<double> shares, double t, double degreesOfFreedom, bool twoSided = true)
    {
        ArgumentNullException.ThrowIfNull(shares);
        if (double.IsPositiveInfinity(degreesOfFreedom) || degreesOfFreedom > 1e7)
            return Tail.From(Math.Clamp(Exceeds(shares, t, twoSided), 0, 1));
        var v = degreesOfFreedom;
        var log = Math.Log(2) + v / 2 * Math.Log(v / 2) - Gammas.LogGamma(v / 2);
        var sd = 1 / Math.Sqrt(2 * v);
        var p = GaussLegendre.Integrate(
            s => Exceeds(shares, t * s, twoSided) * Math.Exp(log + (v - 1) * Math.Log(s) - v / 2 * s * s),
            Math.Max(0, 1 - 9 * sd), 1 + (v < 20 ? 14 : 9) * sd, 24, 6);
        return Tail.From(Math.Clamp(p, 0, 1));
    }

    /// <summary>The t exceeded with probability alpha when no treatment differs.</summary>
    public static double CriticalValue(IReadOnlyList<double> shares, double alpha, double degreesOfFreedom, bool twoSided = true)
    {
        ArgumentNullException.ThrowIfNull(shares);
        var start = StudentT.UpperQuantile(alpha / shares.Count / (twoSided ? 2 : 1), degreesOfFreedom);
        return Roots.Bracketed(t => UpperTail(shares, t, degreesOfFreedom, twoSided).LogP - Math.Log(alpha), start, 0, double.PositiveInfinity, 1e-12);
    }

    /// <summary>Adjusted p-values of treatments against control, from pooled-variance t statistics.</summary>
    /// <param name="control">The control arm.</param>
    /// <param name="treatments">The others.</param>
    /// <param name="alternative">Sides.</param>
    public static Computed<IReadOnlyList<TestResult>> Test(
        SampleSummary control, IReadOnlyList<SampleSummary> treatments, Alternative alternative = Alternative.TwoSided)
    {
        ArgumentNullException.ThrowIfNull(treatments);
        if (treatments.Count is < 1 or > 50 || !control.IsValid || treatments.Any(t => !t.IsValid))
            return NotComputable.InvalidInput("There must be 1 to 50 treatments with finite means and variances.");
        if (control.N < 1 || treatments.Any(t => t.N < 1))
            return NotComputable.TooFewUnits("Each arm needs units.");
        var df = control.N - 1.0 + treatments.Sum(t => t.N - 1.0);
        if (df < 1)
            return NotComputable.TooFewUnits("The arms together need at least one degree of freedom.");
        var pooled = ((control.N - 1) * control.Variance + treatments.Sum(t => (t.N - 1) * t.Variance)) / df;
        if (!(pooled > 0) || !double.IsFinite(pooled))
            return NotComputable.NoVariance("No arm varies.");
        var shares = treatments.Select(t => (double)t.N / ((double)t.N + control.N)).ToArray();
        var results = new List<TestResult>();
        foreach (var treatment in treatments)
        {
            var t = (treatment.Mean - control.Mean) / Math.Sqrt(pooled * (1.0 / treatment.N + 1.0 / control.N));
            var directed = alternative == Alternative.TwoSided ? Math.Abs(t) : alternative == Alternative.Less ? -t : t;
            var p = UpperTail(shares, directed, df, alternative == Alternative.TwoSided);
            results.Add(new("Dunnett", t, df, p.P, p.LogP) { Alternative = alternative });
        }
        return results;
    }

    /// <summary>P(some statistic exceeds t), summed without ever subtracting from 1: ∫ φ(u) (1 − Π(1 − qᵢ(u))) du.</summary>
    private static double Exceeds(IReadOnlyList<double> shares, double t, bool twoSided)
    {
        var sum = 0.0;
        const int panels = 8;
        var (nodes, weights) = GaussLegendre.Rule(16);
        // the control's deviate; far tails of t need far u
        var reach = 9 + Math.Max(0, t) * 0.5;
        var half = reach / panels;
        for (var panel = 0; panel < 2 * panels; panel++)
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                var u = -reach + half * (panel + 0.5 * (nodes[i] + 1));
                var log = 0.0;
                foreach (var share in shares)
                {
                    var lambda = Math.Sqrt(share);
                    var rest = Math.Sqrt(1 - share);
                    var q = Normal.UpperTail((t - lambda * u) / rest);
                    if (twoSided)
                        q += Normal.UpperTail((t + lambda * u) / rest);
                    log += q < 1 ? Log1P.Of(-q) : double.NegativeInfinity;
                }
                sum += weights[i] * 0.5 * half * Normal.Density(u) * -Log1P.ExpM1(log);
            }
        }
        return sum;
    }
}

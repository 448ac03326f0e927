using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.VarianceReduction;

/// <summary>Two arms after CUPED: adjusted summaries to be compared as any others.</summary>
/// <param name="Control">Adjusted control; its size is unchanged.</param>
/// <param name="Treatment">Adjusted treatment.</param>
/// <param name="Coefficients">θ, one for each covariate, from both arms pooled.</param>
/// <param name="VarianceReduction">1 − adjusted / raw variance, pooled over the arms: R² of the covariates.</param>
public sealed record CupedResult(SampleSummary Control, SampleSummary Treatment, IReadOnlyList<double> Coefficients, double VarianceReduction)
{
    /// <summary>Welch's t on the adjusted summaries.</summary>
    public Comparison Compare(double confidence = 0.95, Alternative alternative = Alternative.TwoSided) =>
        WelchT.Compare(Control, Treatment, confidence, alternative);
}

/// <summary>
/// Controlled experiment using pre-experiment data: the part of the metric that covariates from before the exposure explain is taken out.
/// Source: Deng, Xu, Kohavi, Walker, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data", WSDM 2013.
/// </summary>
public static class Cuped
{
    /// <summary>One covariate, from exact sums: x is the metric, y the covariate.</summary>
    public static Computed<CupedResult> Adjust(ExactCrossMoments control, ExactCrossMoments treatment) =>
        MomentMatrix.Of(control).Then(c => MomentMatrix.Of(treatment).Then(t => Adjust(c, t)));

    /// <summary>Several covariates: column 0 is the metric, the others covariates. Covariates that say nothing new are refused, not dropped silently.</summary>
    public static Computed<CupedResult> Adjust(MomentMatrix control, MomentMatrix treatment)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(treatment);
        if (control.Columns != treatment.Columns || control.Columns < 2)
            return NotComputable.InvalidInput("Both arms need the metric and the same covariates, at least one.");
        if (control.N < 2 || treatment.N < 2)
            return NotComputable.TooFewUnits("Each arm needs at least two units.");
        var k = control.Columns - 1;
        var products = new double[k, k];
        var cross = new double[k];
        for (var i = 0; i < k; i++)
        {
            cross[i] = control.Product(0, i + 1) + treatment.Product(0, i + 1);
            for (var j = 0; j < k; j++)
                products[i, j] = control.Product(i + 1, j + 1) + treatment.Product(i + 1, j + 1);
        }
        if (LinearSystem.Cholesky(products) is not { } factor)
            return NotComputable.NoVariance("A covariate does not vary, or is a combination of the others.");
        var theta = LinearSystem.Solve(factor, cross);
        var n = (double)control.N + treatment.N;
        // centred on the pooled covariate mean, so that the arms' level stays the metric's own
        var centre = Enumerable.Range(1, k).Select(i => control.Mean(i) + (treatment.Mean(i) - control.Mean(i)) * (treatment.N / n)).ToArray();
        var (c, t) = (Adjusted(control, theta, centre), Adjusted(treatment, theta, centre));
        var raw = control.Product(0, 0) + treatment.Product(0, 0);
        if (!(raw > 0) || !c.IsValid || !t.IsValid)
            return NotComputable.NoVariance("The metric does not vary, or its values are too large for a double.");
        var left = c.Variance * (c.N - 1) + t.Variance * (t.N - 1);
        return new CupedResult(c, t, theta, 1 - left / raw);
    }

    private static SampleSummary Adjusted(MomentMatrix arm, double[] theta, double[] centre)
    {
        var mean = arm.Mean(0);
        var products = arm.Product(0, 0);
        for (var i = 0; i < theta.Length; i++)
        {
            mean -= theta[i] * (arm.Mean(i + 1) - centre[i]);
            products -= 2 * theta[i] * arm.Product(0, i + 1);
            for (var j = 0; j < theta.Length; j++)
                products += theta[i] * theta[j] * arm.Product(i + 1, j + 1);
        }
        return new(arm.N, mean, Math.Max(0, products) / (arm.N - 1));
    }
}

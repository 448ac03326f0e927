namespace CroPlatform.Statistics.Numerics;

/// <summary>Noncentral distributions, for power.</summary>
public static class Noncentral
{
    /// <summary>P(T ≤ t) of the noncentral t, by quadrature over the scale s = √(χ²/ν): ∫ Φ(ts − δ) f(s) ds.</summary>
    public static double StudentTCdf(double t, double degreesOfFreedom, double noncentrality)
    {
        var v = degreesOfFreedom;
        if (v > 1e8)
            return Normal.Cdf(t - noncentrality);
        // ln of the density of s
        var log = Math.Log(2) + v / 2 * Math.Log(v / 2) - Gammas.LogGamma(v / 2);
        if (v > 20)
            log = Math.Log(2) + 0.5 * Math.Log(v / 2) - Normal.HalfLogTwoPi - Gammas.StirlingError(v / 2) + v / 2;
        var sd = 1 / Math.Sqrt(2 * v);
        var low = Math.Max(0, 1 - 9 * sd);
        var high = 1 + (v < 20 ? 14 : 9) * sd;
        return GaussLegendre.Integrate(
            s => Normal.Cdf(t * s - noncentrality) * Math.Exp(log + (v - 1) * Math.Log(s) - v / 2 * s * s), low, high, 32, 12);
    }

    /// <summary>P(X &gt; x) of the noncentral chi-square, as a Poisson mixture of central ones (Johnson, Kotz, 1970).</summary>
    public static double ChiSquareUpperTail(double x, double degreesOfFreedom, double noncentrality) =>
        Mixture(noncentrality / 2, j => IncompleteGamma.Upper(degreesOfFreedom / 2 + j, x / 2).P);

    /// <summary>P(X &gt; f) of the noncentral F.</summary>
    public static double FisherFUpperTail(double f, double numerator, double denominator, double noncentrality)
    {
        var r = f * numerator / denominator;
        return Mixture(noncentrality / 2, j => IncompleteBeta.Lower(denominator / 2, numerator / 2 + j, 1 / (1 + r), r / (1 + r)).P);
    }

    /// <summary>Σ Poisson(j; mean) · tail(j), outward from the mode.</summary>
    private static double Mixture(double mean, Func<int, double> tail)
    {
        var mode = (int)mean;
        var reach = 40 + (int)(12 * Math.Sqrt(mean));
        var sum = 0.0;
        for (var j = Math.Max(0, mode - reach); j <= mode + reach; j++)
        {
            var weight = mean == 0 ? (j == 0 ? 1 : 0)
                : Math.Exp(-Gammas.Deviance(j, mean) - (j == 0 ? 0 : 0.5 * Math.Log(j) + Normal.HalfLogTwoPi + Gammas.StirlingError(j)));
            if (weight > 0)
                sum += weight * tail(j);
        }
        return sum;
    }
}

using MathNet.Numerics;

namespace CroPlatform.Statistics.Numerics;

/// <summary>The standard normal distribution with tails that neither lose digits nor underflow in the logarithm.</summary>
public static class Normal
{
    internal const double HalfLogTwoPi = 0.918938533204672741780329736406;
    private const double InverseSqrtTwoPi = 0.398942280401432677939946059934;

    public static double Density(double z) => InverseSqrtTwoPi * Math.Exp(-0.5 * z * z);

    /// <summary>P(Z ≤ z).</summary>
    public static double Cdf(double z) => 0.5 * SpecialFunctions.Erfc(-z * Math.Sqrt(0.5));

    /// <summary>P(Z &gt; z).</summary>
    public static double UpperTail(double z) => 0.5 * SpecialFunctions.Erfc(z * Math.Sqrt(0.5));

    /// <summary>ln P(Z &gt; z).</summary>
    public static double LogUpperTail(double z)
    {
        if (z < 0)
            return Log1P.Of(-UpperTail(-z));
        if (z < 10)
            return Math.Log(UpperTail(z));
        // Mills ratio by its continued fraction (Abramowitz & Stegun 26.2.14), from the far end.
        var fraction = z;
        for (var k = 40; k >= 1; k--)
            fraction = z + k / fraction;
        return -0.5 * z * z - HalfLogTwoPi - Math.Log(fraction);
    }

    /// <summary>The z with P(Z ≤ z) = p, for 0 &lt; p &lt; 1.</summary>
    public static double Quantile(double p) => p < 0.5 ? -UpperQuantile(p) : p == 0.5 ? 0 : UpperQuantile(1 - p);

    /// <summary>The z with P(Z &gt; z) = p: keeps its digits for tiny p.</summary>
    public static double UpperQuantile(double p)
    {
        if (p > 0.5)
            return -UpperQuantile(1 - p);
        if (p <= 0)
            return double.PositiveInfinity;
        var z = Math.Sqrt(2) * SpecialFunctions.ErfcInv(2 * p);
        // one Halley step removes what the rational approximation leaves
        var error = (UpperTail(z) - p) / Density(z);
        return double.IsFinite(error) ? z + error / (1 - 0.5 * z * error) : z;
    }

    /// <summary>The z ≥ 0 or below with ln P(Z &gt; z) = <paramref name="logP"/>, also where the probability underflows.</summary>
    public static double UpperQuantileOfLog(double logP)
    {
        if (logP > -600)
            return UpperQuantile(Math.Exp(logP));
        var z = Math.Sqrt(-2 * logP);
        for (var i = 0; i < 8; i++)
            z += (LogUpperTail(z) - logP) / z; // d ln tail / dz is close to −z out here
        return z;
    }
}

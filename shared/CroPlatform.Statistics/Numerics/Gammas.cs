using MathNet.Numerics;

namespace CroPlatform.Statistics.Numerics;

/// <summary>The logarithm of the gamma function and what is built of it, free of cancellation at large arguments.</summary>
public static class Gammas
{
    /// <summary>ln Γ(x), x &gt; 0.</summary>
    public static double LogGamma(double x) =>
        x < 10 ? SpecialFunctions.GammaLn(x) : (x - 0.5) * Math.Log(x) - x + Normal.HalfLogTwoPi + StirlingError(x);

    /// <summary>
    /// ln Γ(x) less Stirling's formula (x − ½) ln x − x + ½ ln 2π. Series: Abramowitz &amp; Stegun 6.1.41.
    /// </summary>
    public static double StirlingError(double x)
    {
        if (x < 10)
        {
            // climb by Γ(x+1) = xΓ(x) until the series holds, in logarithms of ratios that stay small
            var sum = 0.0;
            while (x < 10)
            {
                sum += (x + 0.5) * Log1P.Of(1 / x) - 1;
                x += 1;
            }
            return sum + StirlingError(x);
        }
        var r = 1 / (x * x);
        return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188
            - r * (691.0 / 360360 - r * (1.0 / 156 - r * (3617.0 / 122400)))))))) / x;
    }

    /// <summary>ln B(a, b).</summary>
    public static double LogBeta(double a, double b)
    {
        var n = a + b;
        // Stirling with its errors: terms of size a ln(a/n), never the huge ln Γ themselves
        var small = Math.Min(a, b);
        var large = Math.Max(a, b);
        return small * Math.Log(small / n) - 0.5 * Math.Log(small) + (large - 0.5) * Log1P.Of(-small / n)
            + Normal.HalfLogTwoPi + StirlingError(a) + StirlingError(b) - StirlingError(n);
    }

    /// <summary>ln of the binomial coefficient, 0 ≤ k ≤ n.</summary>
    public static double LogChoose(double n, double k) =>
        k <= 0 || k >= n ? 0 : -LogBeta(k + 1, n - k + 1) - Math.Log(n + 1);

    /// <summary>
    /// x ln(x/m) + m − x, the deviance of a Poisson term, without cancellation near x = m.
    /// Source: C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
    /// </summary>
    public static double Deviance(double x, double m)
    {
        if (x == 0)
            return m;
        if (m == 0)
            return double.PositiveInfinity;
        if (Math.Abs(x - m) < 0.1 * (x + m))
        {
            var v = (x - m) / (x + m);
            var sum = (x - m) * v;
            var term = 2 * x * v;
            for (var j = 1; j < 1000; j++)
            {
                term *= v * v;
                var next = sum + term / (2 * j + 1);
                if (next == sum)
                    return next;
                sum = next;
            }
        }
        return x * Math.Log(x / m) + m - x;
    }
}

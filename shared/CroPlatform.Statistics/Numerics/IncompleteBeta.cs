namespace CroPlatform.Statistics.Numerics;

/// <summary>
/// The regularized incomplete beta function with logarithmic tails at any size of its parameters: a continued fraction
/// (DLMF 8.17.22, even part, by Lentz's method), and Gauss-Legendre over the tail where both parameters are large and the fraction would be slow.
/// </summary>
public static class IncompleteBeta
{
    private const double Large = 3000;

    /// <summary>I_x(a, b); <paramref name="y"/> = 1 − x is given apart so that neither end loses digits.</summary>
    public static Tail Lower(double a, double b, double x, double y)
    {
        if (x <= 0)
            return new(0, double.NegativeInfinity);
        if (y <= 0)
            return new(1, 0);
        if (a > Large && b > Large)
            return x < a / (a + b) ? TailIntegral(b, a, y, x) : TailIntegral(a, b, x, y).Complement();
        return x <= (a + 1) / (a + b + 2) ? Fraction(a, b, x, y) : Fraction(b, a, y, x).Complement();
    }

    /// <summary>1 − I_x(a, b).</summary>
    public static Tail Upper(double a, double b, double x, double y) => Lower(b, a, y, x);

    /// <summary>ln of the beta density at x.</summary>
    public static double LogDensity(double a, double b, double x, double y) => LogKernel(a, b, x, y) - Math.Log(x) - Math.Log(y);

    /// <summary>ln of x^a y^b / B(a, b), by deviances.</summary>
    internal static double LogKernel(double a, double b, double x, double y)
    {
        var n = a + b;
        return -Gammas.Deviance(a, n * x) - Gammas.Deviance(b, n * y) + 0.5 * Math.Log(a / n * b) - Normal.HalfLogTwoPi
            - (Gammas.StirlingError(a) + Gammas.StirlingError(b) - Gammas.StirlingError(n));
    }

    /// <summary>The even part of the continued fraction: it needs a·y − b·x, not the 1 − x·(a+b)/(a+1) that cancels for large a.</summary>
    private static Tail Fraction(double a, double b, double x, double y)
    {
        const double tiny = 1e-300;
        var offset = a * y - b * x + 1;
        var f = a * offset / (a + 1);
        f = Math.Abs(f) < tiny ? tiny : f;
        var c = f;
        var d = 0.0;
        for (var m = 1; m < 100_000; m++)
        {
            var s = a + 2 * m - 1;
            var numerator = (a + m - 1) / s * ((a + b + m - 1) / s) * m * (b - m) * x * x;
            var denominator = m + m * (b - m) * x / s + (a + m) / (s + 2) * (offset + m * (2 - x));
            d = denominator + numerator * d;
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = denominator + numerator / c;
            c = Math.Abs(c) < tiny ? tiny : c;
            var delta = c * d;
            f *= delta;
            if (!(Math.Abs(delta - 1) >= 6e-16)) // two roundings may keep it an ulp or two from 1 for ever
                break;
        }
        return Tail.FromLog(LogKernel(a, b, x, y) - Math.Log(f));
    }

    /// <summary>Upper tail beyond x, at or above the mean: density at x times the integral of its log-concave decay.</summary>
    private static Tail TailIntegral(double a, double b, double x, double y)
    {
        var n = a + b;
        var sd = Math.Sqrt(x * y / n);
        var slope = (a - 1) / x - (b - 1) / y; // of the log density; negative beyond the mode
        var length = Math.Min(y, 11 * sd);
        if (slope < 0)
            length = Math.Min(length, -40 / slope);
        var sum = 0.0;
        var (nodes, weights) = GaussLegendre.Rule(64);
        for (var i = 0; i < nodes.Length; i++)
        {
            var u = 0.5 * length * (nodes[i] + 1);
            sum += weights[i] * Math.Exp((a - 1) * Log1P.Of(u / x) + (b - 1) * Log1P.Of(-u / y));
        }
        return Tail.FromLog(LogDensity(a, b, x, y) + Math.Log(0.5 * length * sum));
    }
}

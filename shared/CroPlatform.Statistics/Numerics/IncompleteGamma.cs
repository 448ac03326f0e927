namespace CroPlatform.Statistics.Numerics;

/// <summary>
/// The regularized incomplete gamma functions with logarithmic tails: series below a + 1, Lentz's continued fraction above
/// (Abramowitz &amp; Stegun 6.5.29 and 6.5.31).
/// </summary>
public static class IncompleteGamma
{
    private const int MaxIterations = 200_000;

    /// <summary>Q(a, x) = Γ(a, x) / Γ(a).</summary>
    public static Tail Upper(double a, double x)
    {
        if (x <= 0)
            return new(1, 0);
        return x < a + 1 ? Series(a, x).Complement() : Fraction(a, x);
    }

    /// <summary>P(a, x) = 1 − Q(a, x).</summary>
    public static Tail Lower(double a, double x)
    {
        if (x <= 0)
            return new(0, double.NegativeInfinity);
        return x < a + 1 ? Series(a, x) : Fraction(a, x).Complement();
    }

    /// <summary>ln of x^a e^−x / Γ(a).</summary>
    private static double LogPrefactor(double a, double x) =>
        -Gammas.Deviance(a, x) + 0.5 * Math.Log(a) - Normal.HalfLogTwoPi - Gammas.StirlingError(a);

    private static Tail Series(double a, double x)
    {
        var term = 1 / a;
        var sum = term;
        for (var k = 1; k < MaxIterations && term > sum * 1e-17; k++)
        {
            term *= x / (a + k);
            sum += term;
        }
        return Tail.FromLog(LogPrefactor(a, x) + Math.Log(sum));
    }

    private static Tail Fraction(double a, double x)
    {
        const double tiny = 1e-300;
        var b = x + 1 - a;
        var c = 1 / tiny;
        var d = 1 / (b == 0 ? tiny : b);
        var h = d;
        for (var i = 1; i < MaxIterations; i++)
        {
            var an = i * (a - i);
            b += 2;
            d = an * d + b;
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = b + an / c;
            c = Math.Abs(c) < tiny ? tiny : c;
            var delta = d * c;
            h *= delta;
            if (!(Math.Abs(delta - 1) >= 6e-16)) // two roundings may keep it an ulp or two from 1 for ever
                break;
        }
        return Tail.FromLog(LogPrefactor(a, x) + Math.Log(h));
    }
}

using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Conversions in the control arm given both margins of a 2 × 2 table: the distribution behind Fisher's test.
/// Tails are summed outward from their start until terms vanish, so a billion units cost as many steps as a few standard deviations.
/// </summary>
internal readonly struct Hypergeometric
{
    private readonly double _n0;
    private readonly double _n1;
    private readonly double _successes;
    private readonly double _logTotal;

    public Hypergeometric(long n0, long n1, long successes)
    {
        (_n0, _n1, _successes) = (n0, n1, successes);
        Low = Math.Max(0, successes - n1);
        High = Math.Min(n0, successes);
        _logTotal = Gammas.LogChoose(_n0 + _n1, successes);
    }

    public long Low { get; }

    public long High { get; }

    public long Mode => Math.Clamp((long)Math.Floor((_n0 + 1) * (_successes + 1) / (_n0 + _n1 + 2)), Low, High);

    /// <summary>By three binomial terms in deviance form, which keeps 12 digits where the three log-coefficients alone lose them.</summary>
    public double LogPmf(long x)
    {
        var p = _successes / (_n0 + _n1);
        if (p is 0 or 1)
            return 0;
        return LogBinomial(x, _n0, p) + LogBinomial(_successes - x, _n1, p) - LogBinomial(_successes, _n0 + _n1, p);
    }

    /// <summary>ln P(X ≥ x).</summary>
    public double LogAtLeast(long x) => x <= Low ? 0 : x > High ? double.NegativeInfinity
        : x > Mode ? Sum(x, 1) : Log1P.OneMinusExp(Math.Min(-1e-300, Sum(x - 1, -1)));

    /// <summary>ln P(X ≤ x).</summary>
    public double LogAtMost(long x) => x >= High ? 0 : x < Low ? double.NegativeInfinity
        : x < Mode ? Sum(x, -1) : Log1P.OneMinusExp(Math.Min(-1e-300, Sum(x + 1, 1)));

    /// <summary>Outward from x, away from the mode.</summary>
    private double Sum(long x, int direction)
    {
        double term = 1, sum = 1;
        for (var k = x; direction > 0 ? k < High : k > Low; k += direction)
        {
            term *= direction > 0
                ? (_n0 - k) * (_successes - k) / ((k + 1.0) * (_n1 - _successes + k + 1))
                : k * (_n1 - _successes + k) / ((_n0 - k + 1) * (_successes - k + 1));
            sum += term;
            if (term < sum * 1e-17)
                break;
        }
        return LogPmf(x) + Math.Log(sum);
    }

    /// <summary>Loader's saddle-point form of ln of the binomial probability.</summary>
    internal static double LogBinomial(double x, double n, double p)
    {
        if (x == 0)
            return n * Log1P.Of(-p);
        if (x == n)
            return n * Math.Log(p);
        return Gammas.StirlingError(n) - Gammas.StirlingError(x) - Gammas.StirlingError(n - x)
            - Gammas.Deviance(x, n * p) - Gammas.Deviance(n - x, n * (1 - p))
            + 0.5 * Math.Log(n / (x * (n - x))) - Normal.HalfLogTwoPi;
    }
}

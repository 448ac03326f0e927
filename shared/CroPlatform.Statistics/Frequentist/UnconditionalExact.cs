using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Exact tests of two proportions that fix only the arms' sizes: the p-value is the largest probability of the rejection region
/// over the common rate. Sources: Barnard, Biometrika 34 (1947); Boschloo, Statistica Neerlandica 24 (1970).
/// </summary>
public static class UnconditionalExact
{
    /// <summary>Units in both arms together, beyond which exactness costs too much and buys nothing.</summary>
    public const long MaxUnits = 20_000;

    /// <summary>Barnard's test ordered by the pooled z; two-sided: |z| at least that observed (as scipy).</summary>
    public static Computed<TestResult> Barnard(
        Proportion control, Proportion treatment, Alternative alternative = Alternative.TwoSided)
    {
        if (Check(control, treatment) is { } missing)
            return missing;
        var z = PooledZ(control, treatment);
        var sign = alternative == Alternative.Less || (alternative == Alternative.TwoSided && z < 0) ? -1 : 1;
        var limit = sign * z - 1e-10 * Math.Abs(z);
        var region = Region(control.Trials, treatment.Trials, (c, t) => sign * PooledZ(c, t) >= limit, sign);
        var mirrored = alternative == Alternative.TwoSided && limit > 0
            ? Region(control.Trials, treatment.Trials, (c, t) => -sign * PooledZ(c, t) >= limit, -sign) : null;
        var p = alternative == Alternative.TwoSided && limit <= 0 ? new Tail(1, 0) : Supremum(control.Trials, treatment.Trials, region, sign > 0, mirrored);
        return TestResults.Of("Barnard exact", z, null, p, alternative);
    }

    /// <summary>Boschloo's test ordered by Fisher's one-sided p, which is the statistic; two-sided: twice the smaller side, at most 1 (as scipy).</summary>
    public static Computed<TestResult> Boschloo(
        Proportion control, Proportion treatment, Alternative alternative = Alternative.TwoSided)
    {
        if (Check(control, treatment) is { } missing)
            return missing;
        if (alternative != Alternative.TwoSided)
            return BoschlooOneSided(control, treatment, alternative);
        var greater = BoschlooOneSided(control, treatment, Alternative.Greater);
        var less = BoschlooOneSided(control, treatment, Alternative.Less);
        var smaller = greater.LogPValue < less.LogPValue ? greater : less;
        return TestResults.Of("Boschloo exact", smaller.Statistic, null, new Tail(smaller.PValue, smaller.LogPValue).Doubled());
    }

    private static TestResult BoschlooOneSided(Proportion control, Proportion treatment, Alternative alternative)
    {
        var fisher = FisherExact.PValue(control, treatment, alternative);
        var limit = fisher.LogP + 1e-10 * (1 + Math.Abs(fisher.LogP));
        var sign = alternative == Alternative.Greater ? 1 : -1;
        var region = Region(control.Trials, treatment.Trials, (c, t) => FisherExact.PValue(c, t, alternative).LogP <= limit, sign);
        return TestResults.Of("Boschloo exact", fisher.P, null, Supremum(control.Trials, treatment.Trials, region, sign > 0, null), alternative);
    }

    /// <summary>
    /// For each count of control, the edge of the region in treatment's counts: from the edge up (sign 1) or down to it (sign −1).
    /// Both orderings are monotone, so an edge moves one way as control's count grows.
    /// </summary>
    private static long[] Region(long n0, long n1, Func<Proportion, Proportion, bool> contains, int sign)
    {
        var edges = new long[n0 + 1];
        var edge = sign > 0 ? 0L : -1;
        for (long x = 0; x <= n0; x++)
        {
            var control = new Proportion(x, n0);
            if (sign > 0)
            {
                while (edge <= n1 && !contains(control, new(edge, n1)))
                    edge++;
            }
            else
            {
                while (edge < n1 && contains(control, new(edge + 1, n1)))
                    edge++;
            }
            edges[x] = edge;
        }
        return edges;
    }

    private static Tail Supremum(long n0, long n1, long[] region, bool upper, long[]? mirrored)
    {
        const int grid = 400;
        double LogP(double rate) => LogProbability(n0, n1, region, upper, mirrored, rate);
        var best = double.NegativeInfinity;
        var values = new double[grid + 1];
        for (var i = 1; i < grid; i++)
            values[i] = LogP(Rate(i, grid));
        values[0] = values[grid] = double.NegativeInfinity;
        for (var i = 1; i < grid; i++)
        {
            if (values[i] < values[i - 1] || values[i] < values[i + 1] || values[i] < best - 0.1)
                continue;
            best = Math.Max(best, Peak(LogP, Rate(i - 1, grid), Rate(i + 1, grid)));
        }
        return Tail.FromLog(Math.Min(0, best));
    }

    /// <summary>Denser towards 0 and 1, where the rates of conversions are.</summary>
    private static double Rate(int i, int grid) => 0.5 - 0.5 * Math.Cos(Math.PI * i / grid);

    private static double Peak(Func<double, double> f, double low, double high)
    {
        const double golden = 0.6180339887498949;
        double a = high - golden * (high - low), b = low + golden * (high - low), fa = f(a), fb = f(b);
        for (var i = 0; i < 60 && high - low > 1e-12; i++)
        {
            if (fa > fb)
            {
                (high, b, fb) = (b, a, fa);
                a = high - golden * (high - low);
                fa = f(a);
            }
            else
            {
                (low, a, fa) = (a, b, fb);
                b = low + golden * (high - low);
                fb = f(b);
            }
        }
        return Math.Max(fa, fb);
    }

    private static double LogProbability(long n0, long n1, long[] region, bool upper, long[]? mirrored, double rate)
    {
        var atLeast = new double[n1 + 2]; // ln P(X1 ≥ k)
        var atMost = new double[n1 + 1];
        atLeast[n1 + 1] = double.NegativeInfinity;
        for (var k = n1; k >= 0; k--)
            atLeast[k] = Log1P.LogSumExp(atLeast[k + 1], Hypergeometric.LogBinomial(k, n1, rate));
        for (long k = 0; k <= n1; k++)
            atMost[k] = Log1P.LogSumExp(k == 0 ? double.NegativeInfinity : atMost[k - 1], Hypergeometric.LogBinomial(k, n1, rate));
        double Side(long edge, bool up) => up ? atLeast[Math.Min(edge, n1 + 1)] : edge < 0 ? double.NegativeInfinity : atMost[edge];
        var sum = double.NegativeInfinity;
        for (long x = 0; x <= n0; x++)
        {
            var side = Side(region[x], upper);
            if (mirrored is not null)
                side = Log1P.LogSumExp(side, Side(mirrored[x], !upper));
            sum = Log1P.LogSumExp(sum, side + Hypergeometric.LogBinomial(x, n0, rate));
        }
        return sum;
    }

    private static double PooledZ(Proportion control, Proportion treatment)
    {
        var pooled = (double)(control.Successes + treatment.Successes) / (control.Trials + treatment.Trials);
        var variance = pooled * (1 - pooled) * (1.0 / control.Trials + 1.0 / treatment.Trials);
        return variance <= 0 ? 0 : (treatment.Rate - control.Rate) / Math.Sqrt(variance);
    }

    private static NotComputable? Check(Proportion control, Proportion treatment)
    {
        if (Checks.Arms(control, treatment) is { } missing)
            return missing;
        if (control.Trials > MaxUnits || treatment.Trials > MaxUnits || control.Trials + treatment.Trials > MaxUnits)
            return NotComputable.InvalidInput($"The unconditional exact tests take at most {MaxUnits} units; use the z test.");
        return control.Successes + treatment.Successes == 0 || control.Failures + treatment.Failures == 0
            ? NotComputable.NoVariance("No unit or every unit converted in both arms: there is nothing to compare.") : null;
    }
}

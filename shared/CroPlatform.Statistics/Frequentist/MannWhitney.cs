using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>How <see cref="MannWhitney"/> finds its p-value.</summary>
public enum RankMethod
{
    /// <summary>Exact without ties up to <see cref="MannWhitney.MaxExactProduct"/>, asymptotic otherwise.</summary>
    Auto,
    Exact,
    Asymptotic,
}

/// <summary>
/// The Mann-Whitney U test that values of the treatment tend to be larger. The statistic is U of the treatment: pairs in which it
/// is the larger, ties half. Source: Hollander, Wolfe, "Nonparametric Statistical Methods" (1999), 4.1.
/// </summary>
public static class MannWhitney
{
    /// <summary>The largest n₀·n₁ that <see cref="RankMethod.Auto"/> counts exactly.</summary>
    public const long MaxExactProduct = 2_500;

    public static Computed<TestResult> Test(
        IReadOnlyList<double> control, IReadOnlyList<double> treatment, Alternative alternative = Alternative.TwoSided,
        RankMethod method = RankMethod.Auto, bool continuityCorrection = true)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(treatment);
        if (!control.All(double.IsFinite) || !treatment.All(double.IsFinite))
            return NotComputable.InvalidInput("Values must be finite.");
        var groups = control.Select(v => (Value: v, Control: 1L, Treatment: 0L)).Concat(treatment.Select(v => (Value: v, Control: 0L, Treatment: 1L)))
            .GroupBy(v => v.Value).OrderBy(g => g.Key)
            .Select(g => (g.Sum(v => v.Control), g.Sum(v => v.Treatment))).ToArray();
        return Test(groups, alternative, method, continuityCorrection);
    }

    /// <summary>From two quantile sketches: values within one bucket count as ties.</summary>
    public static Computed<TestResult> Test(QuantileSketch control, QuantileSketch treatment, Alternative alternative = Alternative.TwoSided)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(treatment);
        if (control.RelativeError != treatment.RelativeError)
            return NotComputable.InvalidInput("Both sketches must have the same relative error.");
        var groups = control.Ascending().Select(b => (b.Value, Control: b.Count, Treatment: 0L))
            .Concat(treatment.Ascending().Select(b => (b.Value, Control: 0L, Treatment: b.Count)))
            .GroupBy(b => b.Value).OrderBy(g => g.Key)
            .Select(g => (g.Sum(b => b.Control), g.Sum(b => b.Treatment))).ToArray();
        return Test(groups, alternative);
    }

    /// <summary>From counts (control, treatment) of each distinct value in ascending order: a histogram or an ordinal scale.</summary>
    public static Computed<TestResult> Test(
        IReadOnlyList<(long Control, long Treatment)> groups, Alternative alternative = Alternative.TwoSided,
        RankMethod method = RankMethod.Auto, bool continuityCorrection = true)
    {
        ArgumentNullException.ThrowIfNull(groups);
        if (groups.Any(g => g.Control < 0 || g.Treatment < 0))
            return NotComputable.InvalidInput("Counts must not be negative.");
        double n0 = 0, n1 = 0, u = 0, ties = 0;
        foreach (var (c, t) in groups)
        {
            u += t * (n0 + 0.5 * c);
            n0 += c;
            n1 += t;
            double tied = c + (double)t;
            ties += tied * (tied - 1) * (tied + 1);
        }
        if (n0 == 0 || n1 == 0)
            return NotComputable.TooFewUnits("Each arm needs at least one value.");
        if (method == RankMethod.Exact && ties > 0)
            return NotComputable.InvalidInput("The exact distribution is for values without ties.");
        if (method == RankMethod.Exact && n0 * n1 > 200_000)
            return NotComputable.InvalidInput("Too many values for the exact distribution.");
        if (method == RankMethod.Exact || (method == RankMethod.Auto && ties == 0 && n0 * n1 <= MaxExactProduct))
            return TestResults.Of("Mann-Whitney U, exact", u, null, Exact((int)n0, (int)n1, (long)u, alternative), alternative);
        var n = n0 + n1;
        var variance = n0 * n1 / 12 * (n + 1 - ties / (n * (n - 1)));
        if (!(variance > 0))
            return NotComputable.NoVariance("All values are equal.");
        var centred = u - n0 * n1 / 2;
        var correction = !continuityCorrection ? 0 : alternative switch
        {
            Alternative.Greater => 0.5,
            Alternative.Less => -0.5,
            _ => 0.5 * Math.Sign(centred),
        };
        var z = (centred - correction) / Math.Sqrt(variance);
        return TestResults.OfZ("Mann-Whitney U, asymptotic", z, alternative) with { Statistic = u };
    }

    /// <summary>Counts of orderings by the recursion of Mann and Whitney, as probabilities.</summary>
    private static Tail Exact(int n0, int n1, long u, Alternative alternative)
    {
        var size = n0 * n1;
        // number of multisets: product over i of (1 − q^(n1+i)) / (1 − q^i), built one factor at a time
        var counts = new double[size + 1];
        counts[0] = 1;
        for (var i = 1; i <= n0; i++)
        {
            for (var k = size; k >= n1 + i; k--)
                counts[k] -= counts[k - n1 - i];
            for (var k = i; k <= size; k++)
                counts[k] += counts[k - i];
        }
        var total = Math.Exp(Gammas.LogChoose(n0 + n1, n0));
        double AtLeast(long v) => v <= 0 ? 1 : Math.Min(1, Sum(counts, v, size) / total);
        var greater = AtLeast(u);
        var less = AtLeast(size - u);
        return alternative switch
        {
            Alternative.Greater => Tail.From(greater),
            Alternative.Less => Tail.From(less),
            _ => Tail.From(Math.Min(1, 2 * Math.Min(greater, less))),
        };
    }

    /// <summary>The upper tail, summed at its shorter mirror image.</summary>
    private static double Sum(double[] counts, long from, long size)
    {
        var sum = 0.0;
        for (var k = 0L; k <= size - from; k++)
            sum += counts[k];
        return sum;
    }
}

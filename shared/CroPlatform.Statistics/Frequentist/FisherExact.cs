using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>Fisher's exact test of two proportions. Source: Agresti, "Categorical Data Analysis" (2013), 3.5.</summary>
public static class FisherExact
{
    /// <summary>Units in both arms together, beyond which summing a tail costs too much and says nothing new.</summary>
    public const long MaxUnits = 100_000_000_000;

    /// <summary>
    /// Two-sided: all tables no likelier than the one observed (as R and scipy). <c>Greater</c>: treatment converts more.
    /// The statistic is the sample odds ratio, treatment over control (infinite or 0 with an empty cell).
    /// </summary>
    public static Computed<TestResult> Test(
        Proportion control, Proportion treatment, Alternative alternative = Alternative.TwoSided)
    {
        if (Checks.Arms(control, treatment) is { } missing)
            return missing;
        if (control.Successes + treatment.Successes == 0 || control.Failures + treatment.Failures == 0)
            return NotComputable.NoVariance("No unit or every unit converted in both arms: there is nothing to compare.");
        if ((double)control.Trials + treatment.Trials > MaxUnits)
            return NotComputable.InvalidInput($"Fisher's test takes at most {MaxUnits} units; use the z test.");
        var odds = (double)treatment.Successes * control.Failures / ((double)treatment.Failures * control.Successes);
        return TestResults.Of("Fisher exact", odds, null, PValue(control, treatment, alternative), alternative);
    }

    internal static Tail PValue(Proportion control, Proportion treatment, Alternative alternative)
    {
        // X counts conversions of control, so "treatment greater" is the lower tail
        var x = control.Successes;
        var table = new Hypergeometric(control.Trials, treatment.Trials, control.Successes + treatment.Successes);
        return Tail.FromLog(alternative switch
        {
            Alternative.Greater => table.LogAtMost(x),
            Alternative.Less => table.LogAtLeast(x),
            _ => TwoSided(table, x),
        });
    }

    private static double TwoSided(Hypergeometric table, long x)
    {
        var limit = table.LogPmf(x) + 1e-11; // ties: equal probabilities computed by different routes
        if (x == table.Mode || table.LogPmf(table.Mode) <= limit)
            return 0;
        if (x < table.Mode)
        {
            var other = First(table.Mode, table.High + 1, k => k > table.High || table.LogPmf(k) <= limit);
            return Log1P.LogSumExp(table.LogAtMost(x), table.LogAtLeast(other));
        }
        var below = First(0, table.Mode - table.Low + 1, d => table.Mode - d < table.Low || table.LogPmf(table.Mode - d) <= limit);
        return Log1P.LogSumExp(table.LogAtLeast(x), table.LogAtMost(table.Mode - below));
    }

    /// <summary>The first of [low, high] that holds; holds at high.</summary>
    private static long First(long low, long high, Func<long, bool> holds)
    {
        while (low < high)
        {
            var mid = low + (high - low) / 2;
            if (holds(mid))
                high = mid;
            else
                low = mid + 1;
        }
        return low;
    }
}

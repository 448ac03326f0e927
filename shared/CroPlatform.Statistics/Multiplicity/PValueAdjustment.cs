namespace CroPlatform.Statistics.Multiplicity;

/// <summary>
/// Adjusted p-values, in the order given: reject where the adjusted value is at most alpha. Sources: Holm (1979), Hochberg (1988),
/// Benjamini and Hochberg (1995), Benjamini and Yekutieli (2001).
/// </summary>
public static class PValueAdjustment
{
    public static Computed<IReadOnlyList<double>> Bonferroni(IReadOnlyList<double> pValues) =>
        Adjust(pValues, (sorted, m) => sorted.Select(p => m * p));

    /// <summary>Step-down; controls the family-wise error under any dependence.</summary>
    public static Computed<IReadOnlyList<double>> Holm(IReadOnlyList<double> pValues) => Adjust(pValues, (sorted, m) => RunningMax(sorted.Select((p, i) => (m - i) * p)));

    /// <summary>Step-up; controls the family-wise error under independence or positive dependence.</summary>
    public static Computed<IReadOnlyList<double>> Hochberg(IReadOnlyList<double> pValues) => Adjust(pValues, (sorted, m) => RunningMin(sorted.Select((p, i) => (m - i) * p)));

    /// <summary>False discovery rate under independence or positive dependence.</summary>
    public static Computed<IReadOnlyList<double>> BenjaminiHochberg(IReadOnlyList<double> pValues) =>
        Adjust(pValues, (sorted, m) => RunningMin(sorted.Select((p, i) => p * m / (i + 1))));

    /// <summary>False discovery rate under any dependence.</summary>
    public static Computed<IReadOnlyList<double>> BenjaminiYekutieli(IReadOnlyList<double> pValues) => Adjust(pValues, (sorted, m) =>
    {
        var harmonic = Enumerable.Range(1, m).Sum(i => 1.0 / i);
        return RunningMin(sorted.Select((p, i) => harmonic * p * m / (i + 1)));
    });

    private static Computed<IReadOnlyList<double>> Adjust(IReadOnlyList<double> pValues, Func<double[], int, IEnumerable<double>> adjust)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        if (pValues.Any(p => !(p is >= 0 and <= 1)))
            return NotComputable.InvalidInput("p-values lie between 0 and 1.");
        var order = Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i]).ToArray();
        var adjusted = new double[pValues.Count];
        var values = adjust(order.Select(i => pValues[i]).ToArray(), pValues.Count).ToArray();
        for (var i = 0; i < order.Length; i++)
            adjusted[order[i]] = Math.Min(1, values[i]);
        return adjusted;
    }

    private static IEnumerable<double> RunningMax(IEnumerable<double> values)
    {
        var max = 0.0;
        foreach (var value in values)
            yield return max = Math.Max(max, value);
    }

    private static double[] RunningMin(IEnumerable<double> values)
    {
        var result = values.ToArray();
        for (var i = result.Length - 2; i >= 0; i--)
            result[i] = Math.Min(result[i], result[i + 1]);
        return result;
    }
}

/// <summary>e-values: E[e] ≤ 1 without an effect, so 1/e is a p-value. Source: Vovk, Wang, Annals of Statistics 49 (2021).</summary>
public static class EValues
{
    /// <summary>min(1, 1/e).</summary>
    public static double ToPValue(double eValue) => eValue <= 1 ? 1 : 1 / eValue;

    /// <summary>A p-value calibrated into an e-value: κp^(κ−1), 0 &lt; κ &lt; 1.</summary>
    public static Computed<double> FromPValue(double pValue, double kappa = 0.5) =>
        pValue is > 0 and <= 1 && kappa is > 0 and < 1
            ? kappa * Math.Pow(pValue, kappa - 1)
            : NotComputable.InvalidInput("The p-value must lie above 0 and at most 1, kappa between 0 and 1.");

    /// <summary>e-BH: which hypotheses to reject at false discovery rate alpha, under any dependence. Source: Wang, Ramdas, JRSS B 84 (2022).</summary>
    public static Computed<IReadOnlyList<bool>> BenjaminiHochberg(IReadOnlyList<double> eValues, double alpha = 0.05)
    {
        ArgumentNullException.ThrowIfNull(eValues);
        if (eValues.Any(e => !(e >= 0)) || !(alpha > 0 && alpha < 1))
            return NotComputable.InvalidInput("e-values are not negative; alpha lies between 0 and 1.");
        var sorted = eValues.OrderDescending().ToArray();
        var k = sorted.Length;
        while (k > 0 && sorted[k - 1] * k * alpha < sorted.Length)
            k--;
        var least = k == 0 ? double.PositiveInfinity : sorted[k - 1];
        return eValues.Select(e => k > 0 && e >= least).ToArray();
    }
}

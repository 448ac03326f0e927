using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Chi-square tests on estimates of independent groups with their variances: means, rates, ratios or quantiles, within one stratum or
/// averaged over several. Large samples: the variances count as known. Source: Wald, Trans. AMS 54 (1943); the form for two factors is
/// the residual of the additive model by weighted least squares, Grizzle, Starmer, Koch, Biometrics 25 (1969).
/// </summary>
public static class WaldTest
{
    /// <summary>That all groups have the same value; k − 1 degrees of freedom. For two groups the square of z.</summary>
    /// <param name="estimates">Value and the variance of that value, above 0.</param>
    public static Computed<TestResult> Equality(IReadOnlyList<(double Value, double Variance)> estimates)
    {
        ArgumentNullException.ThrowIfNull(estimates);
        if (Invalid(estimates) is { } invalid)
            return invalid;
        if (estimates.Count < 2)
            return NotComputable.TooFewUnits("At least two groups are needed.");
        var precision = estimates.Sum(e => 1 / e.Variance);
        var mean = estimates.Sum(e => e.Value / e.Variance) / precision;
        return TestResults.OfChiSquare("Wald, equality", estimates.Sum(e => (e.Value - mean) * (e.Value - mean) / e.Variance), estimates.Count - 1);
    }

    /// <summary>
    /// That two factors do not interact: that the differences between the rows are the same in every column; (rows − 1)(columns − 1)
    /// degrees of freedom. For two by two the square of z of the difference of the differences.
    /// </summary>
    /// <param name="cells">One row for each level of the first factor, in it one cell for each level of the second.</param>
    public static Computed<TestResult> Interaction(IReadOnlyList<IReadOnlyList<(double Value, double Variance)>> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        if (cells.Count < 2 || cells[0].Count < 2 || cells.Any(r => r.Count != cells[0].Count))
            return NotComputable.InvalidInput("There must be at least two rows of at least two cells, all of the same length.");
        if (cells.Select(Invalid).FirstOrDefault(i => i is not null) is { } invalid)
            return invalid;
        var (rows, columns) = (cells.Count - 1, cells[0].Count - 1);
        var contrasts = new double[rows * columns];
        var covariance = new double[contrasts.Length, contrasts.Length];
        for (var a = 0; a < contrasts.Length; a++)
        {
            var (i, j) = (a / columns + 1, a % columns + 1);
            contrasts[a] = cells[i][j].Value - cells[i][0].Value - cells[0][j].Value + cells[0][0].Value;
            for (var b = 0; b < contrasts.Length; b++)
            {
                var (k, l) = (b / columns + 1, b % columns + 1);
                covariance[a, b] = cells[0][0].Variance + (i == k ? cells[i][0].Variance : 0) + (j == l ? cells[0][j].Variance : 0) + (a == b ? cells[i][j].Variance : 0);
            }
        }

        return LinearSystem.Cholesky(covariance) is { } factor
            ? TestResults.OfChiSquare("Wald, interaction", LinearSystem.QuadraticForm(factor, contrasts), contrasts.Length)
            : NotComputable.NoVariance("The cells' variances are too unequal for a double.");
    }

    private static NotComputable? Invalid(IReadOnlyList<(double Value, double Variance)> estimates)
    {
        if (estimates.Any(e => !double.IsFinite(e.Value) || !double.IsFinite(e.Variance) || e.Variance < 0))
            return NotComputable.InvalidInput("Values and variances must be finite, variances not negative.");
        return estimates.Any(e => e.Variance == 0) ? NotComputable.NoVariance("A group does not vary.") : null;
    }
}

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Independence in an r × c table of counts; for conversions, arms by (converted, not converted).
/// Rows and columns without counts carry no information and are left out of the degrees of freedom.
/// </summary>
public static class ContingencyTable
{
    /// <summary>Pearson's chi-square; with Yates's correction for a 2 × 2 table. Source: Agresti, "Categorical Data Analysis" (2013), 3.2.</summary>
    public static Computed<TestResult> ChiSquare(IReadOnlyList<Proportion> arms, bool yates = false) =>
        Tabulate(arms).Then(table => ChiSquare(table, yates));

    /// <summary>Pearson's chi-square of counts [row, column].</summary>
    public static Computed<TestResult> ChiSquare(long[,] counts, bool yates = false)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return Expectations(counts).Then<TestResult>(cells =>
        {
            if (yates && cells.DegreesOfFreedom != 1)
                return NotComputable.InvalidInput("Yates's correction is for tables of two by two.");
            var statistic = 0.0;
            foreach (var (observed, expected) in cells.Cells)
            {
                var gap = Math.Abs(observed - expected);
                if (yates)
                    gap -= Math.Min(0.5, gap); // as R and scipy: never past the expected count
                statistic += gap / expected * gap;
            }
            return TestResults.OfChiSquare(yates ? "Pearson chi-square, Yates" : "Pearson chi-square", statistic, cells.DegreesOfFreedom);
        });
    }

    /// <summary>The likelihood-ratio G test, 2ΣO ln(O/E). Source: Agresti (2013), 3.2.</summary>
    public static Computed<TestResult> G(IReadOnlyList<Proportion> arms) => Tabulate(arms).Then(G);

    public static Computed<TestResult> G(long[,] counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return Expectations(counts).Then<TestResult>(cells =>
        {
            // Deviances sum to G because observed and expected have the same total; each is free of cancellation.
            var statistic = 2 * cells.Cells.Sum(cell => Numerics.Gammas.Deviance(cell.Observed, cell.Expected));
            return TestResults.OfChiSquare("G (likelihood ratio)", statistic, cells.DegreesOfFreedom);
        });
    }

    private static Computed<long[,]> Tabulate(IReadOnlyList<Proportion> arms)
    {
        ArgumentNullException.ThrowIfNull(arms);
        var table = new long[arms.Count, 2];
        for (var i = 0; i < arms.Count; i++)
        {
            if (!arms[i].IsValid)
                return NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
            table[i, 0] = arms[i].Successes;
            table[i, 1] = arms[i].Failures;
        }
        return table;
    }

    private static Computed<(List<(double Observed, double Expected)> Cells, int DegreesOfFreedom)> Expectations(long[,] counts)
    {
        int rows = counts.GetLength(0), columns = counts.GetLength(1);
        var rowSums = new double[rows];
        var columnSums = new double[columns];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                if (counts[i, j] < 0)
                    return NotComputable.InvalidInput("Counts must not be negative.");
                rowSums[i] += counts[i, j];
                columnSums[j] += counts[i, j];
            }
        }
        var (usedRows, usedColumns) = (rowSums.Count(s => s > 0), columnSums.Count(s => s > 0));
        if (usedRows < 2)
            return NotComputable.TooFewUnits("At least two arms need units.");
        if (usedColumns < 2)
            return NotComputable.NoVariance("All units have the same outcome: there is nothing to compare.");
        var total = rowSums.Sum();
        var cells = new List<(double, double)>(usedRows * usedColumns);
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                if (rowSums[i] > 0 && columnSums[j] > 0)
                    cells.Add((counts[i, j], rowSums[i] * (columnSums[j] / total)));
            }
        }
        return (cells, (usedRows - 1) * (usedColumns - 1));
    }
}

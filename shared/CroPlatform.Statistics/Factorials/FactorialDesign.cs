namespace CroPlatform.Statistics.Factorials;

/// <summary>
/// A two-level design: each run sets every factor to −1 or +1. Factors are named A, B, C …; a term is a set of them, as "A" or "AB".
/// Source: Box, Hunter, Hunter, "Statistics for Experimenters" (2005), ch. 5 and 6.
/// </summary>
public sealed class FactorialDesign
{
    private readonly int[][] _runs;

    private FactorialDesign(int[][] runs) => _runs = runs;

    /// <summary>For each run the levels of the factors.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Runs => _runs;

    public int Factors => _runs[0].Length;

    /// <summary>All 2^factors combinations, 1 to 10 factors, A changing fastest.</summary>
    public static FactorialDesign Full(int factors)
    {
        if (factors is < 1 or > 10)
            throw new ArgumentOutOfRangeException(nameof(factors), "A design takes 1 to 10 factors.");
        return new(Enumerable.Range(0, 1 << factors)
            .Select(run => Enumerable.Range(0, factors).Select(f => (run >> f & 1) == 0 ? -1 : 1).ToArray()).ToArray());
    }

    /// <summary>A fraction: base factors in full, further ones as products of them, e.g. Fractional(3, "ABC") is 2^(4−1) with D = ABC.</summary>
    public static FactorialDesign Fractional(int baseFactors, params string[] generators)
    {
        ArgumentNullException.ThrowIfNull(generators);
        var full = Full(baseFactors);
        return new(full._runs.Select(run => run.Concat(generators.Select(g => Product(run, g))).ToArray()).ToArray());
    }

    /// <summary>From levels as run; every run needs the same factors, each −1 or +1.</summary>
    public static Computed<FactorialDesign> Of(IReadOnlyList<IReadOnlyList<int>> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return runs.Count > 0 && runs[0].Count is > 0 and <= 26 && runs.All(r => r.Count == runs[0].Count && r.All(l => l is -1 or 1))
            ? new FactorialDesign(runs.Select(r => r.ToArray()).ToArray())
            : NotComputable.InvalidInput("Every run needs the same 1 to 26 factors, each at -1 or +1.");
    }

    /// <summary>All terms of up to the given number of factors: 1 main effects, 2 with their interactions.</summary>
    public IReadOnlyList<string> Terms(int order = 2) =>
        Enumerable.Range(1, (1 << Factors) - 1).Where(set => int.PopCount(set) <= order)
            .OrderBy(int.PopCount).ThenBy(set => set)
            .Select(set => new string(Enumerable.Range(0, Factors).Where(f => (set >> f & 1) == 1).Select(f => (char)('A' + f)).ToArray()))
            .ToArray();

    /// <summary>The levels of a term over the runs.</summary>
    public IReadOnlyList<int> Column(string term) => _runs.Select(run => Product(run, term)).ToArray();

    /// <summary>Of the terms given, those that no run can tell from this one: their columns are equal or opposite (term "I": constant).</summary>
    public IReadOnlyList<string> Aliases(string term, int order = 2)
    {
        var column = Column(term);
        return Terms(order).Where(other => !string.Equals(other, term, StringComparison.Ordinal) && Math.Abs(Column(other).Zip(column).Sum(p => p.First * p.Second)) == _runs.Length).ToArray();
    }

    private static int Product(int[] run, string term)
    {
        var product = 1;
        foreach (var letter in term)
        {
            var factor = letter - 'A';
            if (factor < 0 || factor >= run.Length)
                throw new ArgumentOutOfRangeException(nameof(term), $"There is no factor {letter}.");
            product *= run[factor];
        }
        return product;
    }
}

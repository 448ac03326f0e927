namespace CroPlatform.Statistics.Aggregates;

/// <summary>
/// n, means and centred cross-products of vectors (a metric first, its covariates after it, or a ratio's two parts): the
/// floating-point counterpart of <see cref="ExactCrossMoments"/> for any number of columns. Immutable; merges in any shape.
/// Source: P. Pébay, "Formulas for robust, one-pass parallel computation of covariances" (Sandia, 2008).
/// </summary>
public sealed class MomentMatrix
{
    private readonly double[] _means;
    private readonly double[,] _products;

    private MomentMatrix(long n, double[] means, double[,] products)
    {
        N = n;
        _means = means;
        _products = products;
    }

    public long N { get; }

    public int Columns => _means.Length;

    public static MomentMatrix Empty(int columns) => new(0, new double[columns], new double[columns, columns]);

    /// <summary>From rows of equal length.</summary>
    public static MomentMatrix Of(IReadOnlyList<double[]> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var columns = rows.Count == 0 ? 0 : rows[0].Length;
        var means = new double[columns];
        var products = new double[columns, columns];
        long n = 0;
        var delta = new double[columns];
        foreach (var row in rows)
        {
            if (row.Length != columns)
                throw new ArgumentException("All rows must have the same length.", nameof(rows));
            n++;
            for (var i = 0; i < columns; i++)
                delta[i] = row[i] - means[i];
            for (var i = 0; i < columns; i++)
                for (var j = 0; j < columns; j++)
                    products[i, j] += delta[i] * delta[j] * ((double)(n - 1) / n);
            for (var i = 0; i < columns; i++)
                means[i] += delta[i] / n;
        }
        return new(n, means, products);
    }

    /// <summary>From exact pairs: x is column 0, y column 1.</summary>
    public static Computed<MomentMatrix> Of(ExactCrossMoments pairs) => pairs.Summary.Map(s =>
    {
        var df = s.N - 1.0;
        return new MomentMatrix(s.N, [s.MeanX, s.MeanY],
            new[,] { { s.VarianceX * df, s.Covariance * df }, { s.Covariance * df, s.VarianceY * df } });
    });

    public double Mean(int column) => _means[column];

    /// <summary>Σ(x − mean x)(y − mean y).</summary>
    public double Product(int i, int j) => _products[i, j];

    /// <summary>The unbiased covariance of two columns (a variance when they are one).</summary>
    public Computed<double> Covariance(int i, int j) =>
        N < 2 ? NotComputable.TooFewUnits("A variance needs at least two units.") : _products[i, j] / (N - 1);

    public Computed<SampleSummary> Summary(int column) =>
        N < 2 ? NotComputable.TooFewUnits("A variance needs at least two units.")
            : new SampleSummary(N, _means[column], Math.Max(0, _products[column, column]) / (N - 1));

    public Computed<PairSummary> Pair(int x, int y) =>
        N < 2 ? NotComputable.TooFewUnits("A covariance needs at least two units.")
            : new PairSummary(N, _means[x], _means[y], Math.Max(0, _products[x, x]) / (N - 1),
                Math.Max(0, _products[y, y]) / (N - 1), _products[x, y] / (N - 1));

    public static MomentMatrix operator +(MomentMatrix a, MomentMatrix b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.N == 0)
            return b;
        if (b.N == 0)
            return a;
        if (a.Columns != b.Columns)
            throw new ArgumentException("Both must have the same columns.", nameof(b));
        var n = a.N + b.N;
        var share = (double)b.N / n;
        var means = new double[a.Columns];
        var products = new double[a.Columns, a.Columns];
        for (var i = 0; i < a.Columns; i++)
        {
            var di = b._means[i] - a._means[i];
            means[i] = a._means[i] + di * share;
            for (var j = 0; j < a.Columns; j++)
                products[i, j] = a._products[i, j] + b._products[i, j] + di * (b._means[j] - a._means[j]) * (share * a.N);
        }
        return new(n, means, products);
    }

    public static MomentMatrix Add(MomentMatrix left, MomentMatrix right) => left + right;
}

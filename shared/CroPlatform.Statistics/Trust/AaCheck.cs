using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Trust;

/// <summary>Do p-values of A/A comparisons behave as they must: uniform, and below alpha alpha of the time?</summary>
/// <param name="Uniformity">Kolmogorov-Smirnov against the uniform distribution.</param>
/// <param name="FalsePositives">How many were at most alpha, of all.</param>
/// <param name="FalsePositiveRange">99.9 % Clopper-Pearson interval of that share; it should hold alpha.</param>
/// <param name="Alpha">The level counted.</param>
public sealed record AaCheck(TestResult Uniformity, Proportion FalsePositives, Interval FalsePositiveRange, double Alpha)
{
    public bool IsOk(double threshold = 0.001) => Uniformity.PValue >= threshold && FalsePositiveRange.Contains(Alpha);

    /// <summary>At least 10 p-values of independent comparisons with no effect (splits by other seeds, say).</summary>
    public static Computed<AaCheck> Of(IReadOnlyList<double> pValues, double alpha = 0.05)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        if (pValues.Any(p => !(p is >= 0 and <= 1)) || !(alpha > 0 && alpha < 1))
            return NotComputable.InvalidInput("p-values and alpha lie between 0 and 1.");
        if (pValues.Count < 10)
            return NotComputable.TooFewUnits("A self-check needs at least ten comparisons.");
        var n = pValues.Count;
        var sorted = pValues.Order().ToArray();
        var d = 0.0;
        for (var i = 0; i < n; i++)
            d = Math.Max(d, Math.Max((i + 1.0) / n - sorted[i], sorted[i] - (double)i / n));
        var positives = new Proportion(pValues.Count(p => p <= alpha), n);
        var p = Math.Clamp(n <= 500 ? 1 - ExactCdf(n, d) : Asymptotic(Math.Sqrt(n) * d), 0, 1);
        return new AaCheck(
            TestResults.Of("Kolmogorov-Smirnov", d, null, Tail.From(p)), positives,
            BinomialInterval.ClopperPearson(positives, 0.999).Value, alpha);
    }

    /// <summary>Kolmogorov's limit with Stephens's correction left out: n is above 500.</summary>
    private static double Asymptotic(double x)
    {
        if (x < 0.3)
            return 1;
        var sum = 0.0;
        for (var k = 1; k <= 100; k++)
            sum += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2.0 * k * k * x * x);
        return sum;
    }

    /// <summary>P(Dₙ &lt; d) by the matrix power of Marsaglia, Tsang, Wang, J. Statistical Software 8 (2003).</summary>
    private static double ExactCdf(int n, double d)
    {
        var k = (int)(n * d) + 1;
        var m = 2 * k - 1;
        var h = k - n * d;
        var matrix = new double[m, m];
        for (var i = 0; i < m; i++)
            for (var j = 0; j < m; j++)
                matrix[i, j] = i - j + 1 < 0 ? 0 : 1;
        for (var i = 0; i < m; i++)
        {
            matrix[i, 0] -= Math.Pow(h, i + 1);
            matrix[m - 1, i] -= Math.Pow(h, m - i);
        }
        matrix[m - 1, 0] += 2 * h - 1 > 0 ? Math.Pow(2 * h - 1, m) : 0;
        for (var i = 0; i < m; i++)
            for (var j = 0; j < m; j++)
                for (var g = 1; g <= i - j + 1; g++)
                    matrix[i, j] /= g;
        var (power, exponent) = Power(matrix, n, m);
        var result = power[k - 1, k - 1];
        for (var i = 1; i <= n; i++)
        {
            result *= (double)i / n;
            if (result < 1e-140)
                (result, exponent) = (result * 1e140, exponent - 140);
        }
        return result * Math.Pow(10, exponent);
    }

    private static (double[,] Power, int Exponent) Power(double[,] matrix, int n, int m)
    {
        if (n == 1)
            return (matrix, 0);
        var (half, exponent) = Power(matrix, n / 2, m);
        var square = Multiply(half, half, m);
        exponent *= 2;
        if (n % 2 == 1)
            square = Multiply(matrix, square, m);
        if (square[m / 2, m / 2] > 1e140)
        {
            for (var i = 0; i < m; i++)
                for (var j = 0; j < m; j++)
                    square[i, j] *= 1e-140;
            exponent += 140;
        }
        return (square, exponent);
    }

    private static double[,] Multiply(double[,] a, double[,] b, int m)
    {
        var product = new double[m, m];
        for (var i = 0; i < m; i++)
            for (var k = 0; k < m; k++)
                for (var j = 0; j < m; j++)
                    product[i, j] += a[i, k] * b[k, j];
        return product;
    }
}

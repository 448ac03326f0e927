namespace CroPlatform.Statistics.Numerics;

/// <summary>Small symmetric systems by Cholesky's method.</summary>
internal static class LinearSystem
{
    /// <summary>The lower factor of a positive definite matrix, or null where it is not one (relative pivot below 1e-13).</summary>
    public static double[,]? Cholesky(double[,] matrix)
    {
        var n = matrix.GetLength(0);
        var factor = new double[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = matrix[i, j];
                for (var k = 0; k < j; k++)
                    sum -= factor[i, k] * factor[j, k];
                if (i != j)
                    factor[i, j] = sum / factor[j, j];
                else if (sum > 1e-13 * matrix[i, i] && double.IsFinite(sum))
                    factor[i, i] = Math.Sqrt(sum);
                else
                    return null;
            }
        }
        return factor;
    }

    /// <summary>x with matrix·x = b.</summary>
    public static double[] Solve(double[,] factor, double[] b)
    {
        var x = Forward(factor, b);
        for (var i = x.Length - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < x.Length; k++)
                x[i] -= factor[k, i] * x[k];
            x[i] /= factor[i, i];
        }
        return x;
    }

    /// <summary>bᵀ·matrix⁻¹·b.</summary>
    public static double QuadraticForm(double[,] factor, double[] b) => Forward(factor, b).Sum(v => v * v);

    public static double[,] Inverse(double[,] factor)
    {
        var n = factor.GetLength(0);
        var inverse = new double[n, n];
        for (var j = 0; j < n; j++)
        {
            var unit = new double[n];
            unit[j] = 1;
            var column = Solve(factor, unit);
            for (var i = 0; i < n; i++)
                inverse[i, j] = column[i];
        }
        return inverse;
    }

    private static double[] Forward(double[,] factor, double[] b)
    {
        var x = (double[])b.Clone();
        for (var i = 0; i < x.Length; i++)
        {
            for (var k = 0; k < i; k++)
                x[i] -= factor[i, k] * x[k];
            x[i] /= factor[i, i];
        }
        return x;
    }
}

using System.Collections.Concurrent;

namespace CroPlatform.Statistics.Numerics;

/// <summary>Gauss-Legendre rules on [−1, 1] of any order, by Newton's method on the Legendre polynomial; kept once computed.</summary>
public static class GaussLegendre
{
    private static readonly ConcurrentDictionary<int, (double[] Nodes, double[] Weights)> Rules = new();

    /// <summary>Nodes, ascending, and weights. The arrays are shared: do not write into them.</summary>
    public static (double[] Nodes, double[] Weights) Rule(int order) => Rules.GetOrAdd(order, Compute);

    /// <summary>∫ f over [low, high] in equal panels.</summary>
    public static double Integrate(Func<double, double> f, double low, double high, int order = 32, int panels = 1)
    {
        var (nodes, weights) = Rule(order);
        var half = (high - low) / (2 * panels);
        var sum = 0.0;
        for (var p = 0; p < panels; p++)
        {
            var mid = low + (2 * p + 1) * half;
            for (var i = 0; i < order; i++)
                sum += weights[i] * f(mid + half * nodes[i]);
        }
        return sum * half;
    }

    private static (double[], double[]) Compute(int n)
    {
        var nodes = new double[n];
        var weights = new double[n];
        for (var i = 0; i < n; i++)
        {
            var x = -Math.Cos(Math.PI * (i + 0.75) / (n + 0.5));
            double slope = 0;
            for (var step = 0; step < 100; step++)
            {
                double p0 = 1, p1 = x;
                for (var k = 2; k <= n; k++)
                    (p0, p1) = (p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k);
                slope = n * (x * p1 - p0) / (x * x - 1);
                var move = p1 / slope;
                x -= move;
                if (Math.Abs(move) < 1e-15)
                    break;
            }
            nodes[i] = x;
            weights[i] = 2 / ((1 - x * x) * slope * slope);
        }
        return (nodes, weights);
    }
}

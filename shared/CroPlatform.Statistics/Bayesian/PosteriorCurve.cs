using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Bayesian;

/// <summary>
/// A posterior's density and distribution function as piecewise Chebyshev series over all but e^−30 of its peak: computed once,
/// then each value costs one short recurrence. Absolute error of the distribution function is about 1e-12.
/// </summary>
internal sealed class PosteriorCurve
{
    private const int Order = 16;
    private const double Drop = 30;
    private const double PanelScales = 2.6;
    private static readonly double[] Nodes = Enumerable.Range(0, Order).Select(i => Math.Cos(Math.PI * (i + 0.5) / Order)).ToArray();
    private static readonly double[,] ToSeries = Transform();
    private readonly Posterior _posterior;
    private readonly double[] _density;
    private readonly double[] _cdf;
    private readonly double _leftWidth;
    private readonly double _rightWidth;
    private readonly int _left;
    private readonly int _right;

    public PosteriorCurve(Posterior posterior)
    {
        _posterior = posterior;
        Low = posterior.Mode - Reach(-1);
        High = posterior.Mode + Reach(1);
        _left = Math.Max(1, (int)Math.Ceiling((posterior.Mode - Low) / (PanelScales * posterior.Scale)));
        _right = Math.Max(1, (int)Math.Ceiling((High - posterior.Mode) / (PanelScales * posterior.Scale)));
        _leftWidth = (posterior.Mode - Low) / _left;
        _rightWidth = (High - posterior.Mode) / _right;
        _density = new double[(_left + _right) * Order];
        _cdf = new double[(_left + _right) * (Order + 1)];
        Fill();
        (OuterPoints, OuterWeights) = Outer();
    }

    public double Low { get; }

    public double High { get; }

    public double Scale => _posterior.Scale;

    /// <summary>Points of the trapezoidal rule, exponentially exact for a bell that decays at both ends, in the coordinate.</summary>
    public double[] OuterPoints { get; }

    /// <summary>Their probabilities; they sum to 1.</summary>
    public double[] OuterWeights { get; }

    public double Density(double u)
    {
        if (!(u > Low && u < High))
            return 0;
        var panel = Panel(u, out var x);
        return Math.Max(0, Clenshaw(_density, panel * Order, Order, x));
    }

    public double Cdf(double u)
    {
        if (!(u > Low))
            return 0;
        if (u >= High)
            return 1;
        var panel = Panel(u, out var x);
        return Math.Clamp(Clenshaw(_cdf, panel * (Order + 1), Order + 1, x), 0, 1);
    }

    public double Quantile(double p) =>
        Roots.Brent(u => Cdf(u) - p, Low, -p, High, 1 - p, 1e-15);

    private static double Clenshaw(double[] series, int start, int count, double x)
    {
        double b1 = 0, b2 = 0;
        for (var k = start + count - 1; k > start; k--)
            (b1, b2) = (series[k] + 2 * x * b1 - b2, b1);
        return series[start] + x * b1 - b2;
    }

    private static double[,] Transform()
    {
        var matrix = new double[Order, Order];
        for (var k = 0; k < Order; k++)
            for (var i = 0; i < Order; i++)
                matrix[k, i] = (k == 0 ? 1.0 : 2.0) / Order * Math.Cos(Math.PI * k * (i + 0.5) / Order);
        return matrix;
    }

    private int Panel(double u, out double x)
    {
        double offset, width;
        int panel;
        if (u < _posterior.Mode)
        {
            panel = Math.Min(_left - 1, (int)((u - Low) / _leftWidth));
            (offset, width) = (Low + panel * _leftWidth, _leftWidth);
        }
        else
        {
            var right = Math.Min(_right - 1, (int)((u - _posterior.Mode) / _rightWidth));
            (offset, width) = (_posterior.Mode + right * _rightWidth, _rightWidth);
            panel = _left + right;
        }
        x = Math.Clamp(2 * (u - offset) / width - 1, -1, 1);
        return panel;
    }

    private void Fill()
    {
        var values = new double[Order];
        var total = 0.0;
        for (var panel = 0; panel < _left + _right; panel++)
        {
            var width = panel < _left ? _leftWidth : _rightWidth;
            var offset = panel < _left ? Low + panel * _leftWidth : _posterior.Mode + (panel - _left) * _rightWidth;
            for (var i = 0; i < Order; i++)
                values[i] = Math.Exp(_posterior.LogKernel(offset + 0.5 * width * (Nodes[i] + 1)));
            var d = panel * Order;
            for (var k = 0; k < Order; k++)
            {
                var sum = 0.0;
                for (var i = 0; i < Order; i++)
                    sum += ToSeries[k, i] * values[i];
                _density[d + k] = sum;
            }
            // ∫T_k = (T_{k+1}/(k+1) − T_{k−1}/(k−1))/2, constant chosen so that the series starts at the running total
            var c = panel * (Order + 1);
            var half = 0.5 * width;
            double At(int k) => k < Order ? _density[d + k] : 0;
            _cdf[c + 1] = half * (At(0) - 0.5 * At(2));
            for (var k = 2; k <= Order; k++)
                _cdf[c + k] = half * (At(k - 1) - At(k + 1)) / (2 * k);
            double atLow = 0, atHigh = 0;
            for (var k = 1; k <= Order; k++)
            {
                atLow += (k & 1) == 0 ? _cdf[c + k] : -_cdf[c + k];
                atHigh += _cdf[c + k];
            }
            _cdf[c] = total - atLow;
            total += atHigh - atLow;
        }
        for (var i = 0; i < _density.Length; i++)
            _density[i] /= total;
        for (var i = 0; i < _cdf.Length; i++)
            _cdf[i] /= total;
    }

    private (double[], double[]) Outer()
    {
        var step = 0.55 * _posterior.Scale;
        var (first, last) = ((int)Math.Ceiling((Low - _posterior.Mode) / step), (int)Math.Floor((High - _posterior.Mode) / step));
        var points = new double[last - first + 1];
        var weights = new double[points.Length];
        var sum = 0.0;
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = _posterior.Mode + (first + i) * step;
            weights[i] = Math.Exp(_posterior.LogKernel(points[i]));
            sum += weights[i];
        }
        for (var i = 0; i < weights.Length; i++)
            weights[i] /= sum;
        return (points, weights);
    }

    /// <summary>How far to one side the log density falls by <see cref="Drop"/>.</summary>
    private double Reach(int side)
    {
        var reach = 8.8 * _posterior.Scale;
        for (var i = 0; i < 60; i++)
        {
            var depth = -_posterior.LogKernel(_posterior.Mode + side * reach);
            if (depth is > Drop - 2 and < Drop + 4)
                break;
            // between a parabola (square root) and a straight line, both of which converge
            reach *= depth > Drop ? Math.Sqrt(Drop / depth) : Math.Min(4, Drop / Math.Max(depth, 1e-3));
        }
        return reach;
    }
}

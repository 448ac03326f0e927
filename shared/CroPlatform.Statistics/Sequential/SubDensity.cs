using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Sequential;

/// <summary>
/// The density of a z statistic on the paths that have not stopped yet, carried from look to look by numerical integration:
/// Z at information t has mean drift·√t, and increments of Z√t are independent.
/// Source: Armitage, McPherson, Rowe, JRSS A 132 (1969); Jennison, Turnbull (2000), ch. 19. Gauss-Legendre panels replace Simpson's rule.
/// </summary>
internal sealed class SubDensity
{
    private const double Reach = 8.5;
    private readonly double _time;
    private readonly double _drift;
    private readonly double[] _z;
    private readonly double[] _mass;

    private SubDensity(double time, double drift, double[] z, double[] mass)
    {
        (_time, _drift, _z, _mass) = (time, drift, z, mass);
    }

    /// <summary>Before the first look.</summary>
    public static SubDensity Start(double drift) => new(0, drift, [0], [1]);

    /// <summary>P(not stopped before, and Z at <paramref name="time"/> above <paramref name="bound"/>).</summary>
    public double Above(double time, double bound)
    {
        if (double.IsInfinity(bound))
            return bound > 0 ? 0 : Total();
        var (scale, sqrt, sqrt0, shift) = Step(time);
        var sum = 0.0;
        for (var i = 0; i < _z.Length; i++)
            sum += _mass[i] * Normal.UpperTail((bound * sqrt - _z[i] * sqrt0 - shift) / scale);
        return sum;
    }

    public double Below(double time, double bound)
    {
        if (double.IsInfinity(bound))
            return bound < 0 ? 0 : Total();
        var (scale, sqrt, sqrt0, shift) = Step(time);
        var sum = 0.0;
        for (var i = 0; i < _z.Length; i++)
            sum += _mass[i] * Normal.Cdf((bound * sqrt - _z[i] * sqrt0 - shift) / scale);
        return sum;
    }

    /// <summary>P(not stopped before, and |Z| at <paramref name="time"/> at most <paramref name="bound"/>).</summary>
    public double Within(double time, double bound)
    {
        var (scale, sqrt, sqrt0, shift) = Step(time);
        var sum = 0.0;
        for (var i = 0; i < _z.Length; i++)
        {
            var centre = _z[i] * sqrt0 + shift;
            sum += _mass[i] * (Normal.Cdf((bound * sqrt - centre) / scale) - Normal.Cdf((-bound * sqrt - centre) / scale));
        }
        return sum;
    }

    public double Total() => _mass.Sum();

    /// <summary>On to the next look, keeping only paths inside (low, high) there.</summary>
    /// <param name="time">Information of this look.</param>
    /// <param name="low">Stopping below.</param>
    /// <param name="high">Stopping above.</param>
    /// <param name="next">Information of the look after it (or of this one, if last): sets how fine the points must be.</param>
    /// <param name="wedge">Stopping also where |Z| is at most this; 0 for no such stop.</param>
    public SubDensity Continue(double time, double low, double high, double next, double wedge = 0)
    {
        if (wedge > 0)
        {
            var (below, above) = (Continue(time, low, -wedge, next), Continue(time, wedge, high, next));
            return new(time, _drift, [.. below._z, .. above._z], [.. below._mass, .. above._mass]);
        }
        var mean = _drift * Math.Sqrt(time);
        low = Math.Max(low, mean - Reach);
        high = Math.Min(high, mean + Reach);
        if (!(low < high))
            return new(time, _drift, [0], [0]);
        var (scale, sqrt, sqrt0, shift) = Step(time);
        // the kernels of this step and the next, in units of z at this look
        var width = scale / sqrt;
        if (next > time)
            width = Math.Min(width, Math.Sqrt((next - time) / time));
        var panels = (int)Math.Ceiling((high - low) / (1.6 * Math.Min(1, width)));
        var (nodes, weights) = GaussLegendre.Rule(16);
        var half = (high - low) / (2 * panels);
        var z = new double[panels * nodes.Length];
        var mass = new double[z.Length];
        var first = 0;
        for (var i = 0; i < z.Length; i++)
        {
            z[i] = low + half * (2 * (i / nodes.Length) + 1 + nodes[i % nodes.Length]);
            var sum = 0.0;
            for (var j = first; j < _z.Length; j++)
            {
                var u = (z[i] * sqrt - _z[j] * sqrt0 - shift) / scale;
                if (u > 9)
                    first = j + 1; // z ascends: this point stays out of reach
                else if (u < -9)
                    break;
                else
                    sum += _mass[j] * Math.Exp(-0.5 * u * u);
            }
            mass[i] = weights[i % nodes.Length] * half * sum * (sqrt / scale) * 0.398942280401432677939946;
        }
        return new(time, _drift, z, mass);
    }

    private (double Scale, double Sqrt, double Sqrt0, double Shift) Step(double time) =>
        (Math.Sqrt(time - _time), Math.Sqrt(time), Math.Sqrt(_time), _drift * (time - _time));
}

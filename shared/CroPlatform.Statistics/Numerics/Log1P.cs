namespace CroPlatform.Statistics.Numerics;

/// <summary>Logarithms and exponentials near their zeros, which System.Math lacks.</summary>
public static class Log1P
{
    /// <summary>ln(1 + x), full precision near 0 (Kahan's correction).</summary>
    public static double Of(double x)
    {
        var u = 1 + x;
        if (u == 1)
            return x;
        return double.IsInfinity(u) ? Math.Log(u) : Math.Log(u) * (x / (u - 1));
    }

    /// <summary>e^x − 1, full precision near 0 (Kahan's correction).</summary>
    public static double ExpM1(double x)
    {
        if (Math.Abs(x) > 0.7)
            return Math.Exp(x) - 1;
        var u = Math.Exp(x);
        if (u == 1)
            return x;
        return (u - 1) * (x / Math.Log(u));
    }

    /// <summary>ln(1 − e^x) for x &lt; 0.</summary>
    public static double OneMinusExp(double x) => x > -0.693 ? Math.Log(-ExpM1(x)) : Of(-Math.Exp(x));

    /// <summary>ln(e^a + e^b) without overflow.</summary>
    public static double LogSumExp(double a, double b)
    {
        var max = Math.Max(a, b);
        return double.IsInfinity(max) ? max : max + Of(Math.Exp(Math.Min(a, b) - max));
    }
}

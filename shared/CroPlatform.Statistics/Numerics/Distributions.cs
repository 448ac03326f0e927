namespace CroPlatform.Statistics.Numerics;

/// <summary>The chi-square distribution.</summary>
public static class ChiSquare
{
    /// <summary>P(X &gt; x).</summary>
    public static Tail UpperTail(double x, double degreesOfFreedom) => IncompleteGamma.Upper(degreesOfFreedom / 2, x / 2);

    public static double UpperQuantile(double p, double degreesOfFreedom)
    {
        // Wilson-Hilferty start, then Newton on the logarithm of the tail
        var h = 2 / (9 * degreesOfFreedom);
        var x = Math.Max(degreesOfFreedom * Math.Pow(1 - h + Normal.UpperQuantile(p) * Math.Sqrt(h), 3), 1e-8);
        return Roots.Bracketed(v => UpperTail(v, degreesOfFreedom).LogP - Math.Log(p), x, 0, double.PositiveInfinity);
    }
}

/// <summary>Student's t distribution with real degrees of freedom.</summary>
public static class StudentT
{
    /// <summary>P(T &gt; t).</summary>
    public static Tail UpperTail(double t, double degreesOfFreedom)
    {
        if (double.IsPositiveInfinity(degreesOfFreedom))
            return Tail.FromLog(Normal.LogUpperTail(t));
        var lower = TwoSided(t, degreesOfFreedom);
        var half = new Tail(lower.P / 2, lower.LogP - Math.Log(2));
        return t >= 0 ? half : half.Complement();
    }

    /// <summary>P(|T| &gt; |t|).</summary>
    public static Tail TwoSided(double t, double degreesOfFreedom)
    {
        if (double.IsPositiveInfinity(degreesOfFreedom))
            return Tail.FromLog(Normal.LogUpperTail(Math.Abs(t))).Doubled();
        var r = t / Math.Sqrt(degreesOfFreedom) * (t / Math.Sqrt(degreesOfFreedom));
        if (double.IsInfinity(r))
            return new(0, double.NegativeInfinity);
        return IncompleteBeta.Lower(degreesOfFreedom / 2, 0.5, 1 / (1 + r), r / (1 + r));
    }

    /// <summary>The t with P(T &gt; t) = p.</summary>
    public static double UpperQuantile(double p, double degreesOfFreedom)
    {
        if (p == 0.5)
            return 0;
        if (p > 0.5)
            return -UpperQuantile(1 - p, degreesOfFreedom);
        var z = Normal.UpperQuantile(p);
        if (double.IsPositiveInfinity(degreesOfFreedom))
            return z;
        // Cornish-Fisher (Abramowitz & Stegun 26.7.5): a start, and the answer itself where the next term vanishes
        var v = degreesOfFreedom;
        var z2 = z * z;
        var start = z + z * ((z2 + 1) / (4 * v) + ((5 * z2 + 16) * z2 + 3) / (96 * v * v)
            + (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v)
            + ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / (92160 * v * v * v * v));
        if (Math.Pow(z2 + 3, 5.5) * 1e-3 / Math.Pow(v, 5) < 1e-14)
            return start;
        var logP = Math.Log(p);
        return Roots.Bracketed(t => UpperTail(t, v).LogP - logP, start, 0, double.PositiveInfinity);
    }
}

/// <summary>The F distribution.</summary>
public static class FisherF
{
    /// <summary>P(X &gt; f).</summary>
    public static Tail UpperTail(double f, double numerator, double denominator)
    {
        if (f <= 0)
            return new(1, 0);
        if (double.IsPositiveInfinity(denominator))
            return ChiSquare.UpperTail(f * numerator, numerator);
        var r = f * numerator / denominator;
        return double.IsInfinity(r)
            ? new(0, double.NegativeInfinity)
            : IncompleteBeta.Lower(denominator / 2, numerator / 2, 1 / (1 + r), r / (1 + r));
    }
}

/// <summary>The beta distribution.</summary>
public static class BetaDistribution
{
    /// <summary>P(X ≤ x).</summary>
    public static Tail Cdf(double x, double a, double b) => IncompleteBeta.Lower(a, b, x, 1 - x);

    /// <summary>The x with P(X ≤ x) = p.</summary>
    public static double Quantile(double p, double a, double b) =>
        p <= 0 ? 0 : p >= 1 ? 1 : Solve(Math.Log(p), Log1P.Of(-p), a, b);

    /// <summary>The x with P(X &gt; x) = p: keeps its digits for tiny p.</summary>
    public static double UpperQuantile(double p, double a, double b) =>
        p <= 0 ? 1 : p >= 1 ? 0 : Solve(Log1P.Of(-p), Math.Log(p), a, b);

    /// <summary>Matches the logarithm of the smaller tail, at the end nearer to 0, where doubles are dense.</summary>
    private static double Solve(double logLower, double logUpper, double a, double b)
    {
        var mean = a / (a + b);
        if (mean > 0.5)
            return 1 - Solve(logUpper, logLower, b, a);
        double Gap(double x) => logLower < logUpper
            ? IncompleteBeta.Lower(a, b, x, 1 - x).LogP - logLower
            : logUpper - IncompleteBeta.Upper(a, b, x, 1 - x).LogP;
        var z = logLower < logUpper ? -Normal.UpperQuantileOfLog(logLower) : Normal.UpperQuantileOfLog(logUpper);
        var start = mean + z * Math.Sqrt(mean * (1 - mean) / (a + b + 1));
        return Roots.Bracketed(Gap, start > 0 && start < 1 ? start : mean / 2, 0, 1);
    }
}

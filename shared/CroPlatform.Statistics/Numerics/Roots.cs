namespace CroPlatform.Statistics.Numerics;

/// <summary>Root finding for monotone functions.</summary>
public static class Roots
{
    /// <summary>
    /// The root of a monotone <paramref name="f"/> inside (low, high), either end possibly infinite: expands a bracket
    /// from <paramref name="start"/>, then Brent's method to the last bits. Returns the end of the domain when no sign change is found.
    /// </summary>
    public static double Bracketed(Func<double, double> f, double start, double low, double high, double relative = 4e-16)
    {
        var fs = f(start);
        if (fs == 0 || double.IsNaN(fs))
            return fs == 0 ? start : double.NaN;
        var step = Math.Max(Math.Abs(start) * 1e-3, 1e-9);
        // a monotone function: learn its direction from a second point
        var ahead = Inside(start, start + step, high);
        var fa = f(ahead);
        if (fa == 0)
            return ahead;
        if (Sign(fa) != Sign(fs))
            return Brent(f, start, fs, ahead, fa, relative);
        var up = Math.Abs(fa) < Math.Abs(fs);
        var (x0, f0) = up ? (ahead, fa) : (start, fs);
        for (var i = 0; i < 2000; i++)
        {
            var x1 = up ? Inside(x0, x0 + step, high) : Inside(x0, x0 - step, low);
            if (x1 == x0)
                return up ? high : low;
            var f1 = f(x1);
            if (f1 == 0 || double.IsNaN(f1))
                return f1 == 0 ? x1 : double.NaN;
            if (Sign(f1) != Sign(f0))
                return Brent(f, x0, f0, x1, f1, relative);
            (x0, f0) = (x1, f1);
            step *= 2;
        }
        return up ? high : low;
    }

    /// <summary>Brent's method (R. Brent, "Algorithms for Minimization without Derivatives", 1973) on a bracket with a sign change.</summary>
    public static double Brent(Func<double, double> f, double a, double fa, double b, double fb, double relative = 4e-16)
    {
        if (fa == 0)
            return a;
        double c = a, fc = fa, d = b - a, e = d;
        for (var i = 0; i < 200 && fb != 0; i++)
        {
            if (Sign(fb) == Sign(fc))
            {
                (c, fc) = (a, fa);
                d = e = b - a;
            }
            if (Math.Abs(fc) < Math.Abs(fb))
            {
                (a, b, c) = (b, c, b);
                (fa, fb, fc) = (fb, fc, fb);
            }
            var tolerance = relative * Math.Abs(b) + 1e-300;
            var m = 0.5 * (c - b);
            if (Math.Abs(m) <= tolerance)
                break;
            if (Math.Abs(e) >= tolerance && Math.Abs(fa) > Math.Abs(fb))
            {
                double p, q;
                var s = fb / fa;
                if (a == c)
                {
                    p = 2 * m * s;
                    q = 1 - s;
                }
                else
                {
                    var r = fb / fc;
                    var t = fa / fc;
                    p = s * (2 * m * t * (t - r) - (b - a) * (r - 1));
                    q = (t - 1) * (r - 1) * (s - 1);
                }
                if (p > 0)
                    q = -q;
                p = Math.Abs(p);
                (d, e) = 2 * p < Math.Min(3 * m * q - Math.Abs(tolerance * q), Math.Abs(e * q)) ? (p / q, d) : (m, m);
            }
            else
            {
                d = e = m;
            }
            (a, fa) = (b, fb);
            b += Math.Abs(d) > tolerance ? d : Math.CopySign(tolerance, m);
            fb = f(b);
        }
        return b;
    }

    /// <summary>Math.Sign throws on NaN; here it ends the search, and the NaN is found out by the caller.</summary>
    private static int Sign(double x) => x > 0 ? 1 : x < 0 ? -1 : 0;

    /// <summary>Towards <paramref name="to"/>, but halfway to a finite end rather than on or past it.</summary>
    private static double Inside(double from, double to, double end) =>
        end > from ? to < end ? to : from + (end - from) / 2 : to > end ? to : from + (end - from) / 2;
}

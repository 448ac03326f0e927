using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>Two-sided intervals of treatment − control for two proportions that stay right at small counts and extreme rates.</summary>
public static class DifferenceInterval
{
    /// <summary>Newcombe's hybrid of two Wilson intervals. Source: Newcombe, Statistics in Medicine 17 (1998), method 10.</summary>
    public static Computed<Estimate> Newcombe(Proportion control, Proportion treatment, double confidence = 0.95)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        var c = BinomialInterval.Wilson(control, confidence).Value;
        var t = BinomialInterval.Wilson(treatment, confidence).Value;
        var d = treatment.Rate - control.Rate;
        return new Estimate(d, null, new(
            d - Hypot(treatment.Rate - t.Low, c.High - control.Rate),
            d + Hypot(t.High - treatment.Rate, control.Rate - c.Low)));
    }

    /// <summary>
    /// Miettinen-Nurminen: all differences not rejected by the score test with the variance under them times N/(N−1).
    /// Source: Miettinen, Nurminen, Statistics in Medicine 4 (1985).
    /// </summary>
    public static Computed<Estimate> MiettinenNurminen(Proportion control, Proportion treatment, double confidence = 0.95) =>
        Score(control, treatment, confidence, corrected: true);

    /// <summary>Mee's score interval: as Miettinen-Nurminen without N/(N−1), so it excludes 0 exactly when the pooled z test rejects.</summary>
    public static Computed<Estimate> Mee(Proportion control, Proportion treatment, double confidence = 0.95) =>
        Score(control, treatment, confidence, corrected: false);

    /// <summary>Agresti-Caffo: Wald after adding one success and one failure to each arm. Source: The American Statistician 54 (2000).</summary>
    public static Computed<Estimate> AgrestiCaffo(Proportion control, Proportion treatment, double confidence = 0.95)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        var c = new Proportion(control.Successes + 1, control.Trials + 2);
        var t = new Proportion(treatment.Successes + 1, treatment.Trials + 2);
        var half = Normal.UpperQuantile((1 - confidence) / 2) * Math.Sqrt(TwoProportions.WaldVariance(c) + TwoProportions.WaldVariance(t));
        var centre = t.Rate - c.Rate;
        return new Estimate(treatment.Rate - control.Rate, null, new(Math.Max(-1, centre - half), Math.Min(1, centre + half)));
    }

    /// <summary>The score statistic for the hypothesis treatment − control = <paramref name="delta"/> (Farrington-Manning).</summary>
    public static Computed<TestResult> ScoreTest(
        Proportion control, Proportion treatment, double delta, Alternative alternative = Alternative.TwoSided)
    {
        if (Checks.Arms(control, treatment) is { } missing)
            return missing;
        if (!(Math.Abs(delta) < 1))
            return NotComputable.InvalidInput("A difference of rates lies between -1 and 1.");
        var z = ScoreZ(control, treatment, delta, 1);
        return double.IsFinite(z)
            ? TestResults.OfZ("Score test of a difference", z, alternative)
            : NotComputable.NoVariance("Under this difference neither arm varies.");
    }

    private static Computed<Estimate> Score(Proportion control, Proportion treatment, double confidence, bool corrected)
    {
        if ((Checks.Confidence(confidence) ?? Checks.Arms(control, treatment)) is { } missing)
            return missing;
        var z = Normal.UpperQuantile((1 - confidence) / 2);
        var d = treatment.Rate - control.Rate;
        var n = (double)control.Trials + treatment.Trials;
        var factor = corrected ? n / (n - 1) : 1;
        // a first step of the Wald width keeps the bracket small at large n
        var step = z * Math.Sqrt(TwoProportions.WaldVariance(control) + TwoProportions.WaldVariance(treatment)) + 1 / n;
        double End(int sign)
        {
            double Gap(double delta) => sign * ScoreZ(control, treatment, delta, factor) + z;
            double near = d, far = d;
            for (var reach = 1.2 * step; ; reach *= 2)
            {
                far = d + sign * reach;
                if (Math.Abs(far) >= 1)
                {
                    far = sign;
                    break;
                }
                if (Gap(far) < 0)
                    break;
                near = far;
            }
            if (far == sign && Gap(sign * (1 - 1e-15)) >= 0)
                return sign;
            far = far == sign ? sign * (1 - 1e-15) : far;
            return Roots.Brent(Gap, near, near == d ? z : Gap(near), far, Gap(far), 1e-15);
        }
        var low = d <= -1 ? -1 : End(-1);
        var high = d >= 1 ? 1 : End(1);
        return new Estimate(d, null, new(low, high));
    }

    private static double ScoreZ(Proportion control, Proportion treatment, double delta, double factor)
    {
        var p0 = ConstrainedControl(control.Successes, control.Trials, treatment.Successes, treatment.Trials, delta);
        var p1 = Math.Clamp(p0 + delta, 0, 1);
        var variance = factor * (p1 * (1 - p1) / treatment.Trials + p0 * (1 - p0) / control.Trials);
        var gap = treatment.Rate - control.Rate - delta;
        return gap == 0 ? 0 : gap / Math.Sqrt(variance);
    }

    /// <summary>Control's most likely rate when treatment's is <paramref name="delta"/> above it: the cubic in closed form (Farrington, Manning, 1990).</summary>
    internal static double ConstrainedControl(double x0, double n0, double x1, double n1, double delta)
    {
        var n = n0 + n1;
        if (delta == 0)
            return (x0 + x1) / n;
        // l3 p³ + l2 p² + l1 p + l0 = 0 for control's rate p, divided by n
        var l2 = ((n1 + 2 * n0) * delta - n - (x0 + x1)) / n;
        var l1 = ((n0 * delta - n - 2 * x0) * delta + x0 + x1) / n;
        var l0 = x0 * delta * (1 - delta) / n;
        var q = l2 * l2 * l2 / 27 - l1 * l2 / 6 + l0 / 2;
        var p = Math.Sign(q) * Math.Sqrt(Math.Max(0, l2 * l2 / 9 - l1 / 3));
        var ratio = p == 0 ? 0 : Math.Clamp(q / (p * p * p), -1, 1);
        var angle = (Math.PI + Math.Acos(ratio)) / 3;
        var root = 2 * p * Math.Cos(angle) - l2 / 3;
        // the arc cosine loses half the digits near ±1; Newton brings them back
        var slope = (3 * root + 2 * l2) * root + l1;
        var step = slope == 0 ? 0 : (((root + l2) * root + l1) * root + l0) / slope;
        root -= Math.Abs(step) < 1e-6 ? step : 0;
        return Math.Clamp(root, Math.Max(0, -delta), Math.Min(1, 1 - delta));
    }

    private static double Hypot(double a, double b) => Math.Sqrt(a * a + b * b);
}

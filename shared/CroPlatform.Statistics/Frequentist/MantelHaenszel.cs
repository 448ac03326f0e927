using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Frequentist;

/// <summary>
/// Conversions compared within strata (phases, segments) and combined: no stratum's size or baseline can mislead.
/// Sources: Mantel, Haenszel, JNCI 22 (1959); Robins, Breslow, Greenland, Biometrics 42 (1986); Agresti (2013), 6.4 and 8.4.
/// </summary>
public static class MantelHaenszel
{
    /// <summary>Cochran-Mantel-Haenszel chi-square for k arms in each stratum (arms in the same order everywhere); k − 1 degrees of freedom.</summary>
    /// <param name="strata">For each stratum the arms; an arm may be empty in a stratum.</param>
    /// <param name="continuityCorrection">For two arms only (½, as R's default).</param>
    public static Computed<TestResult> Test(IReadOnlyList<IReadOnlyList<Proportion>> strata, bool continuityCorrection = false)
    {
        ArgumentNullException.ThrowIfNull(strata);
        if (strata.Count == 0 || strata.Any(s => s.Count != strata[0].Count) || strata.Any(s => s.Any(a => !a.IsValid)))
            return NotComputable.InvalidInput("Every stratum needs the same arms, with conversions between 0 and the number of units.");
        var arms = Enumerable.Range(0, strata[0].Count).Where(i => strata.Any(s => s[i].Trials > 0)).ToArray();
        if (arms.Length < 2)
            return NotComputable.TooFewUnits("At least two arms need units.");
        if (continuityCorrection && arms.Length != 2)
            return NotComputable.InvalidInput("The continuity correction is for two arms.");
        var k = arms.Length - 1;
        var gaps = new double[k];
        var covariance = new double[k, k];
        foreach (var stratum in strata)
        {
            var n = arms.Sum(i => (double)stratum[i].Trials);
            var converted = arms.Sum(i => (double)stratum[i].Successes);
            if (n < 2)
                continue;
            var scale = converted * (n - converted) / (n * n * (n - 1));
            for (var i = 0; i < k; i++)
            {
                double ni = stratum[arms[i + 1]].Trials;
                gaps[i] += stratum[arms[i + 1]].Successes - ni * (converted / n);
                for (var j = 0; j < k; j++)
                    covariance[i, j] += scale * ni * ((i == j ? n : 0) - stratum[arms[j + 1]].Trials);
            }
        }
        if (LinearSystem.Cholesky(covariance) is not { } factor)
            return NotComputable.NoVariance("Within the strata there is nothing to compare.");
        if (continuityCorrection)
            gaps[0] = Math.Max(0, Math.Abs(gaps[0]) - 0.5);
        var statistic = LinearSystem.QuadraticForm(factor, gaps);
        return TestResults.OfChiSquare("Cochran-Mantel-Haenszel", statistic, k);
    }

    /// <summary>The common odds ratio, treatment over control, with the Robins-Breslow-Greenland interval.</summary>
    public static Computed<Estimate> OddsRatio(IReadOnlyList<(Proportion Control, Proportion Treatment)> strata, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(strata);
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (strata.Any(s => !s.Control.IsValid || !s.Treatment.IsValid))
            return NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
        double r = 0, s = 0, pr = 0, mixed = 0, qs = 0;
        foreach (var (control, treatment) in strata)
        {
            double a = treatment.Successes, b = treatment.Failures, c = control.Successes, d = control.Failures;
            var n = a + b + c + d;
            if (n == 0)
                continue;
            double rk = a * d / n, sk = b * c / n, p = (a + d) / n, q = (b + c) / n;
            r += rk;
            s += sk;
            pr += p * rk;
            mixed += p * sk + q * rk;
            qs += q * sk;
        }
        if (r == 0 || s == 0)
            return NotComputable.NoVariance("The common odds ratio is 0 or infinite: some outcome never occurred.");
        var odds = r / s;
        var error = Math.Sqrt(pr / (2 * r * r) + mixed / (2 * r * s) + qs / (2 * s * s));
        var z = Normal.UpperQuantile((1 - confidence) / 2);
        return new Estimate(odds, odds * error, new(odds * Math.Exp(-z * error), odds * Math.Exp(z * error)));
    }

    /// <summary>The common difference of rates, treatment − control, by Mantel-Haenszel weights and Sato's variance. Source: Sato, Biometrics 45 (1989).</summary>
    public static Computed<Estimate> RiskDifference(IReadOnlyList<(Proportion Control, Proportion Treatment)> strata, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(strata);
        if (Checks.Confidence(confidence) is { } missing)
            return missing;
        if (strata.Any(s => !s.Control.IsValid || !s.Treatment.IsValid))
            return NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
        double weight = 0, sum = 0, p = 0, q = 0;
        foreach (var (control, treatment) in strata.Where(s => s.Control.Trials > 0 && s.Treatment.Trials > 0))
        {
            double a = treatment.Successes, b = control.Successes, n1 = treatment.Trials, n0 = control.Trials;
            var n = n0 + n1;
            weight += n0 * n1 / n;
            sum += (a * n0 - b * n1) / n;
            p += (n1 * n1 * b - n0 * n0 * a + n0 * n1 * (n0 - n1) / 2) / (n * n);
            q += (a * (n0 - b) + b * (n1 - a)) / (2 * n);
        }
        if (weight == 0)
            return NotComputable.TooFewUnits("No stratum has units in both arms.");
        var difference = sum / weight;
        var error = Math.Sqrt(Math.Max(0, difference * p + q)) / weight;
        if (error == 0)
            return NotComputable.NoVariance("Within the strata there is nothing to compare.");
        return new Estimate(difference, error, Checks.Around(difference, Normal.UpperQuantile((1 - confidence) / 2) * error, Alternative.TwoSided));
    }
}

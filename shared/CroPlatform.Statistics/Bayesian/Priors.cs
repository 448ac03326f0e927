using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Bayesian;

/// <summary>A proper beta prior of a conversion rate.</summary>
public readonly record struct BetaPrior(double A, double B)
{
    /// <summary>Uniform on [0, 1].</summary>
    public static BetaPrior Flat => new(1, 1);

    /// <summary>Beta(½, ½).</summary>
    public static BetaPrior Jeffreys => new(0.5, 0.5);

    /// <summary>As if <paramref name="strength"/> units had been seen at the given rate.</summary>
    public static BetaPrior Informed(double rate, double strength) => new(rate * strength, (1 - rate) * strength);

    /// <summary>Conjugate update: Beta(a + conversions, b + the others).</summary>
    public Computed<BetaPosterior> Update(Proportion arm)
    {
        var posterior = new BetaPosterior(A + arm.Successes, B + arm.Failures);
        return !(A > 0 && B > 0) || !posterior.IsValid ? NotComputable.InvalidInput("The prior's parameters must be positive and finite.")
            : arm.IsValid ? posterior : NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
    }
}

/// <summary>A normal prior of a mean or an effect; <paramref name="Variance"/> &gt; 0, infinite is not proper and refused.</summary>
public readonly record struct NormalPrior(double Mean, double Variance)
{
    /// <summary>Proper, yet flat against the data: a deviation a thousand times the scale of the metric.</summary>
    public static NormalPrior Flat(double mean, double scale) => new(mean, 1e6 * scale * scale);

    /// <summary>Conjugate update with the sample variance taken as known, as n of thousands allows.</summary>
    public Computed<NormalPosterior> Update(SampleSummary arm) =>
        !arm.IsValid ? NotComputable.InvalidInput("Means must be finite, variances finite and not negative.")
        : arm.N < 2 ? NotComputable.TooFewUnits("A variance needs at least two units.")
        : arm.Variance <= 0 ? NotComputable.NoVariance("The arm does not vary.")
        : Update(arm.Mean, arm.MeanVariance);

    /// <summary>Update by an estimate and its squared standard error.</summary>
    public Computed<NormalPosterior> Update(double estimate, double squaredError)
    {
        if (!(Variance > 0) || !double.IsFinite(Variance) || !double.IsFinite(Mean))
            return NotComputable.InvalidInput("The prior must be proper: finite, with a variance above 0.");
        if (!double.IsFinite(estimate) || !(squaredError > 0) || !double.IsFinite(squaredError))
            return NotComputable.InvalidInput("The estimate must be finite and its error above 0.");
        var weight = Variance / (Variance + squaredError);
        return new NormalPosterior(Mean + weight * (estimate - Mean), Math.Sqrt(weight * squaredError));
    }
}

/// <summary>Priors learnt from past experiments.</summary>
public static class EmpiricalBayes
{
    /// <summary>
    /// The beta prior that makes past arms likeliest (beta-binomial marginal likelihood). Needs three arms that differ by more than chance;
    /// where they do not, the strength would be infinite and nothing is returned.
    /// Source: Casella, "An introduction to empirical Bayes data analysis", The American Statistician 39 (1985).
    /// </summary>
    public static Computed<BetaPrior> BetaPrior(IReadOnlyList<Proportion> past)
    {
        ArgumentNullException.ThrowIfNull(past);
        if (past.Any(p => !p.IsValid))
            return NotComputable.InvalidInput("Conversions must lie between 0 and the number of units.");
        var used = past.Where(p => p.Trials > 0).ToArray();
        if (used.Length < 3)
            return NotComputable.TooFewUnits("A prior needs at least three past arms.");
        var rate = used.Sum(p => (double)p.Successes) / used.Sum(p => (double)p.Trials);
        if (rate is <= 0 or >= 1)
            return NotComputable.NoVariance("Past arms converted none or all.");
        double LogLikelihood(double logit, double logStrength)
        {
            var mean = 1 / (1 + Math.Exp(-logit));
            var strength = Math.Exp(logStrength);
            double a = mean * strength, b = (1 - mean) * strength;
            return used.Sum(p => Gammas.LogBeta(a + p.Successes, b + p.Failures) - Gammas.LogBeta(a, b));
        }
        // alternating one-dimensional searches, each concave near the optimum
        double x = Math.Log(rate / (1 - rate)), s = Math.Log(100);
        for (var round = 0; round < 200; round++)
        {
            var (before, sBefore) = (x, s);
            s = Maximum.Golden(v => LogLikelihood(x, v), -7, 25);
            x = Maximum.Golden(v => LogLikelihood(v, s), x - 2, x + 2);
            if (Math.Abs(x - before) + Math.Abs(s - sBefore) < 1e-9)
                break;
        }
        if (s > 20)
            return NotComputable.NoVariance("Past arms do not differ by more than chance: their spread gives no prior.");
        var m = 1 / (1 + Math.Exp(-x));
        return new BetaPrior(m * Math.Exp(s), (1 - m) * Math.Exp(s));
    }
}

/// <summary>Maximum of a unimodal function.</summary>
internal static class Maximum
{
    public static double Golden(Func<double, double> f, double low, double high)
    {
        const double golden = 0.6180339887498949;
        double a = high - golden * (high - low), b = low + golden * (high - low), fa = f(a), fb = f(b);
        while (high - low > 1e-10 * (1 + Math.Abs(low)))
        {
            if (fa > fb)
            {
                (high, b, fb) = (b, a, fa);
                a = high - golden * (high - low);
                fa = f(a);
            }
            else
            {
                (low, a, fa) = (a, b, fb);
                b = low + golden * (high - low);
                fb = f(b);
            }
        }
        return (low + high) / 2;
    }
}

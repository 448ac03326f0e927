using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Trust;

/// <summary>An always-valid sample-ratio check at one moment: ln e and the p-value 1/e, valid however often one looks.</summary>
public sealed record SequentialSampleRatio(double LogEValue, double LogPValue, IReadOnlyList<int> UnexpectedArms)
{
    public double PValue => Math.Exp(LogPValue);
}

/// <summary>Sample-ratio checks over time and over phases.</summary>
public static partial class SampleRatio
{
    /// <summary>
    /// The multinomial test with a Dirichlet mixture around the expected shares: its Bayes factor is a martingale when they are true.
    /// Source: Lindon, Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022.
    /// </summary>
    /// <param name="observed">Units of each arm so far.</param>
    /// <param name="expectedShares">Weights of any sum.</param>
    /// <param name="concentration">How tightly the alternative sits about the expected shares; any value is valid.</param>
    public static Computed<SequentialSampleRatio> AlwaysValid(
        IReadOnlyList<long> observed, IReadOnlyList<double> expectedShares, double concentration = 1_000)
    {
        ArgumentNullException.ThrowIfNull(observed);
        ArgumentNullException.ThrowIfNull(expectedShares);
        if (Invalid(observed, expectedShares) is { } invalid)
            return invalid;
        if (!(concentration > 0) || !double.IsFinite(concentration))
            return NotComputable.InvalidInput("The concentration must be positive.");
        var sum = expectedShares.Sum();
        var unexpected = Enumerable.Range(0, observed.Count).Where(i => expectedShares[i] == 0 && observed[i] > 0).ToArray();
        double total = 0, log = 0;
        for (var i = 0; i < observed.Count; i++)
        {
            if (expectedShares[i] == 0)
                continue;
            var share = expectedShares[i] / sum;
            total += observed[i];
            log += LogRising(concentration * share, observed[i]) - observed[i] * Math.Log(share);
        }
        log -= LogRising(concentration, total);
        return new SequentialSampleRatio(log, Math.Min(0, -log), unexpected);
    }

    /// <summary>Each phase against its own shares, and all of them together (sums of statistics and degrees of freedom).</summary>
    public static (IReadOnlyList<SampleRatioResult> Phases, Computed<TestResult> Together) ByPhase(
        IReadOnlyList<(IReadOnlyList<long> Observed, IReadOnlyList<double> ExpectedShares)> phases)
    {
        ArgumentNullException.ThrowIfNull(phases);
        var results = phases.Select(p => ChiSquare(p.Observed, p.ExpectedShares)).ToArray();
        var tests = results.Where(r => r.Test.IsComputed).Select(r => r.Test.Value).ToArray();
        if (tests.Length == 0)
            return (results, NotComputable.TooFewUnits("No phase has units and two arms with a share."));
        var (statistic, df) = (tests.Sum(t => t.Statistic), tests.Sum(t => t.DegreesOfFreedom!.Value));
        var tail = Numerics.ChiSquare.UpperTail(statistic, df);
        return (results, new TestResult("Sample ratio over phases", statistic, df, tail.P, tail.LogP));
    }

    /// <summary>ln Γ(a + n)/Γ(a).</summary>
    private static double LogRising(double a, double n) => n == 0 ? 0 : Gammas.LogGamma(a + n) - Gammas.LogGamma(a);
}

using CroPlatform.Statistics.Frequentist;
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

    /// <summary>
    /// Whether the arms' counts over all strata fit what was expected of each: the sum of observed − expected against its multinomial covariance.
    /// Sound with strata of few units, where tests of their own are not, and with shares that were set after looking at earlier strata, as a bandit's are:
    /// given the past, each difference has mean 0. Source: the score test of stratified multinomials, as Mantel, Haenszel (1959) for tables.
    /// </summary>
    public static SampleRatioResult Stratified(IReadOnlyList<(IReadOnlyList<long> Observed, IReadOnlyList<double> ExpectedShares)> strata)
    {
        ArgumentNullException.ThrowIfNull(strata);
        if (strata.Count == 0 || strata.Any(s => s.Observed.Count != strata[0].Observed.Count))
            return new(NotComputable.InvalidInput("Every stratum needs the same arms."), [], []);
        if (strata.Select(s => Invalid(s.Observed, s.ExpectedShares)).FirstOrDefault(i => i is not null) is { } invalid)
            return new(invalid, [], []);
        var arms = strata[0].Observed.Count;
        var (expected, gaps, covariance) = (new double[arms], new double[arms], new double[arms, arms]);
        var unexpected = new SortedSet<int>();
        foreach (var (observed, weights) in strata)
        {
            var sum = weights.Sum();
            var total = Enumerable.Range(0, arms).Where(i => weights[i] > 0).Sum(i => (double)observed[i]);
            for (var i = 0; i < arms; i++)
            {
                var share = weights[i] / sum;
                if (share == 0)
                {
                    if (observed[i] > 0) unexpected.Add(i);
                    continue;
                }

                expected[i] += total * share;
                gaps[i] += observed[i] - total * share;
                for (var j = 0; j < arms; j++)
                    covariance[i, j] += total * share * ((i == j ? 1 : 0) - weights[j] / sum);
            }
        }

        return new(OfGaps(gaps, covariance), expected, [.. unexpected]);
    }

    /// <summary>The always-valid checks of several strata in one: e-values of what came one after the other multiply.</summary>
    public static Computed<SequentialSampleRatio> AlwaysValidByPhase(IReadOnlyList<(IReadOnlyList<long> Observed, IReadOnlyList<double> ExpectedShares)> phases)
    {
        ArgumentNullException.ThrowIfNull(phases);
        if (phases.Count == 0)
            return NotComputable.TooFewUnits("There are no phases.");
        var log = 0.0;
        var unexpected = new SortedSet<int>();
        foreach (var (observed, shares) in phases)
        {
            var phase = AlwaysValid(observed, shares);
            if (!phase.TryGet(out var result))
                return phase.Missing!.Value;
            log += result.LogEValue;
            unexpected.UnionWith(result.UnexpectedArms);
        }

        return new SequentialSampleRatio(log, Math.Min(0, -log), [.. unexpected]);
    }

    /// <summary>Of the arms as many as are free: one of each group that shares strata follows from the rest.</summary>
    private static Computed<TestResult> OfGaps(double[] gaps, double[,] covariance)
    {
        List<int> free = [];
        double[,]? factor = null;
        for (var arm = 0; arm < gaps.Length; arm++)
        {
            if (LinearSystem.Cholesky(Of([.. free, arm])) is not { } larger)
                continue;
            free.Add(arm);
            factor = larger;
        }

        return factor is null
            ? NotComputable.TooFewUnits("No units have been exposed where two arms have a share.")
            : TestResults.OfChiSquare("Sample ratio, stratified", LinearSystem.QuadraticForm(factor, [.. free.Select(i => gaps[i])]), free.Count);

        double[,] Of(int[] arms)
        {
            var matrix = new double[arms.Length, arms.Length];
            for (var i = 0; i < arms.Length; i++)
                for (var j = 0; j < arms.Length; j++)
                    matrix[i, j] = covariance[arms[i], arms[j]];
            return matrix;
        }
    }

    /// <summary>ln Γ(a + n)/Γ(a).</summary>
    private static double LogRising(double a, double n) => n == 0 ? 0 : Gammas.LogGamma(a + n) - Gammas.LogGamma(a);
}

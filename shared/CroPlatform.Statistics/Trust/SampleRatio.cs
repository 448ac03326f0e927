namespace CroPlatform.Statistics.Trust;

/// <summary>
/// A sample-ratio check. <see cref="UnexpectedArms"/> are arms of share 0 that have units all the same: a fault of assignment
/// that no p-value needs to prove.
/// </summary>
public sealed record SampleRatioResult(Computed<TestResult> Test, IReadOnlyList<double> Expected, IReadOnlyList<int> UnexpectedArms)
{
    /// <summary>False on proof of mismatch: p below the threshold, or units in an arm of share 0.</summary>
    public bool IsOk(double threshold = 0.001) => UnexpectedArms.Count == 0 && !(Test.TryGet(out var test) && test.PValue < threshold);
}

/// <summary>Sample-ratio mismatch: do the arms' counts fit the shares that the buckets gave them?</summary>
public static partial class SampleRatio
{
    /// <summary>
    /// Chi-square of counts against expected shares, at a fixed time. Shares are weights of any sum: best the bucket counts
    /// themselves (1 % coverage over three arms is 34/33/33). Arms of share 0 take no part and no degree of freedom.
    /// Source: Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019.
    /// </summary>
    public static SampleRatioResult ChiSquare(IReadOnlyList<long> observed, IReadOnlyList<double> expectedShares)
    {
        ArgumentNullException.ThrowIfNull(observed);
        ArgumentNullException.ThrowIfNull(expectedShares);
        if (Invalid(observed, expectedShares) is { } invalid)
            return new(invalid, [], []);
        var unexpected = Enumerable.Range(0, observed.Count).Where(i => expectedShares[i] == 0 && observed[i] > 0).ToArray();
        var shares = expectedShares.Sum();
        var total = 0.0;
        for (var i = 0; i < observed.Count; i++)
            total += expectedShares[i] > 0 ? observed[i] : 0;
        var expected = expectedShares.Select(share => total * (share / shares)).ToArray();
        return new(Test(observed, expected, total), expected, unexpected);
    }

    private static Computed<TestResult> Test(IReadOnlyList<long> observed, double[] expected, double total)
    {
        var arms = expected.Count(e => e > 0);
        if (total == 0)
            return NotComputable.TooFewUnits("No units have been exposed.");
        if (arms < 2)
            return NotComputable.InvalidInput("Fewer than two arms have a share: there is no ratio to check.");
        var statistic = 0.0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (expected[i] > 0)
                statistic += (observed[i] - expected[i]) / expected[i] * (observed[i] - expected[i]);
        }
        var tail = Numerics.ChiSquare.UpperTail(statistic, arms - 1);
        return new TestResult("Sample ratio, chi-square", statistic, arms - 1, tail.P, tail.LogP);
    }

    private static NotComputable? Invalid(IReadOnlyList<long> observed, IReadOnlyList<double> shares)
    {
        if (observed.Count != shares.Count)
            return NotComputable.InvalidInput("There must be one expected share for each arm.");
        if (observed.Any(n => n < 0))
            return NotComputable.InvalidInput("Counts must not be negative.");
        return shares.All(s => double.IsFinite(s) && s >= 0) && shares.Sum() is > 0 and var sum && double.IsFinite(sum)
            ? null : NotComputable.InvalidInput("Shares must be finite, not negative, and not all 0.");
    }
}

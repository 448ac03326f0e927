using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Statistics.Trust;

/// <summary>Units seen in two variants.</summary>
/// <param name="Share">Of all units.</param>
/// <param name="ByArm">Whether arms lose units to crossing equally (by the arm first seen).</param>
public sealed record CrossoverResult(double Share, Computed<TestResult> ByArm)
{
    /// <summary>False when more than 1 % crossed, or arms differ beyond chance.</summary>
    public bool IsOk(double maxShare = 0.01, double threshold = 0.001) =>
        Share <= maxShare && !(ByArm.TryGet(out var test) && test.PValue < threshold);

    /// <summary>Crossed units out of all, for each arm first seen.</summary>
    public static Computed<CrossoverResult> Of(IReadOnlyList<Proportion> arms)
    {
        ArgumentNullException.ThrowIfNull(arms);
        if (arms.Any(a => !a.IsValid))
            return NotComputable.InvalidInput("Crossed units must lie between 0 and the arm's units.");
        var units = arms.Sum(a => (double)a.Trials);
        return units == 0
            ? NotComputable.TooFewUnits("No units have been exposed.")
            : new CrossoverResult(arms.Sum(a => (double)a.Successes) / units, ContingencyTable.ChiSquare(arms));
    }
}

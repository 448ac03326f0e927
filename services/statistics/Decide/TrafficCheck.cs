using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>Whether the traffic was split as it was meant to be. If not, no figure means what it says.</summary>
internal static class TrafficCheck
{
    private const double Threshold = 0.001;
    private const double MostCrossovers = 0.01;

    /// <summary>
    /// Each phase's arms against the shares expected in it. Of a bandit, whose phases are many and may have few units, all phases in one test.
    /// </summary>
    public static SampleRatioResult SampleRatio(Experiment experiment, Numbers numbers)
    {
        if (experiment.Allocations > 0) return Together(experiment, numbers);
        double? lowest = null, lowestLog = null;
        var missing = new Dictionary<string, string>();
        var ok = true;
        foreach (var phase in experiment.Phases)
        {
            var result = CroPlatform.Statistics.Trust.SampleRatio.ChiSquare(numbers.UnitsByVariant(experiment.Variants.Length, phase.Index), TrafficShares.Of(experiment, phase));
            ok &= result.IsOk(Threshold);
            if (!result.Test.TryGet(out var test)) missing["p_value"] = result.Test.Missing!.Value.Code;
            else if (lowest is null || test.PValue < lowest) (lowest, lowestLog) = (test.PValue, test.LogPValue);
        }

        if (lowest is not null) missing.Clear();
        return new SampleRatioResult(lowest, lowestLog, ok, missing);
    }

    private static SampleRatioResult Together(Experiment experiment, Numbers numbers)
    {
        var result = CroPlatform.Statistics.Trust.SampleRatio.Stratified(Quality.Strata(experiment, numbers));
        return result.Test.TryGet(out var test)
            ? new SampleRatioResult(test.PValue, test.LogPValue, result.IsOk(Threshold), new Dictionary<string, string>())
            : new SampleRatioResult(null, null, result.IsOk(Threshold), new Dictionary<string, string> { ["p_value"] = result.Test.Missing!.Value.Code });
    }

    /// <summary>Why crossovers forbid a verdict, or null.</summary>
    public static Reason? Crossovers(Experiment experiment, Numbers numbers)
    {
        var crossovers = numbers.Excluded(ExclusionClass.Crossover);
        if (crossovers == 0) return null;
        var share = crossovers / (double)(numbers.Units + crossovers);
        if (share > MostCrossovers) return new Reason("crossover", $"{share:P1} of the units were seen in two variants, where 1 % is the most");
        var byArm = new long[experiment.Variants.Length];
        foreach (var (key, units) in numbers.Exclusions)
        {
            if (key.Class == ExclusionClass.Crossover && key.Variant < byArm.Length) byArm[key.Variant] += units;
        }

        return CroPlatform.Statistics.Trust.SampleRatio.ChiSquare(byArm, ExpectedShares(experiment, numbers)).IsOk(Threshold)
            ? null
            : new Reason("crossover_unequal", "units seen in two variants are spread unequally over the arms");
    }

    /// <summary>Of units of all phases: what each phase's units were expected to be.</summary>
    private static double[] ExpectedShares(Experiment experiment, Numbers numbers)
    {
        var expected = new double[experiment.Variants.Length];
        foreach (var (units, shares) in Quality.Strata(experiment, numbers))
        {
            var (total, sum) = (units.Sum(), shares.Sum());
            for (var i = 0; i < expected.Length && sum > 0; i++) expected[i] += total * shares[i] / sum;
        }

        return expected.Sum() > 0 ? expected : [.. TrafficShares.Of(experiment, experiment.CurrentPhase)];
    }
}

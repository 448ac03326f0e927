using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What became of an experiment's exposures and units, from all to those that are analysed.</summary>
/// <param name="Exposures">All that are kept; copies of the same id never were.</param>
/// <param name="Units">Units with any exposure; less those in no class below, which were exposed outside its run or to no variant of it only.</param>
internal sealed record Waterfall(
    long Exposures, long OutsideRun, long UnknownVariant, long MismatchedExposures, long RepeatedExposures, long WeightlessExposures, long QuarantinedExposures,
    long Units, long NeverCountedUnits, long MismatchedUnits, long CrossoverUnits, long BotUnits, long AnalysedUnits);

/// <summary>The sample ratio of one phase.</summary>
internal sealed record PhaseRatio(
    int Phase, IReadOnlyList<long> Units, IReadOnlyList<double> Shares, double? PValue, double? AlwaysValidPValue, IReadOnlyList<string> UnexpectedVariants);

/// <summary>The sample ratio over all phases, each against its own shares.</summary>
internal sealed record OverallRatio(double? PValue, double? AlwaysValidPValue, IReadOnlyList<string> UnexpectedVariants);

/// <summary>Crossovers out of all units first seen in an arm.</summary>
internal sealed record CrossoverArm(string Variant, long Units, long Crossovers);

internal sealed record CrossoverFigures(double? Share, double? PValue, IReadOnlyList<CrossoverArm> Arms);

/// <summary>Units of one phase by variant: those that are analysed, and those that are kept out, by class.</summary>
/// <param name="CrossoverPValue">That crossovers are spread over the arms as units are; null where it cannot be told.</param>
internal sealed record PhaseExclusions(
    int Phase, IReadOnlyList<long> Analysed, IReadOnlyList<long> Crossovers, IReadOnlyList<long> Mismatched, IReadOnlyList<long> Bots, double? CrossoverShare, double? CrossoverPValue);

/// <summary>Data quality beyond the results' own checks. Pure.</summary>
internal static class Quality
{
    public static Waterfall WaterfallOf(SurveyNumbers survey, long quarantined)
    {
        long Of(string name) => survey.Classes.Where(c => c.Key.Class == name).Sum(c => c.Value.Units);
        // Every analysed unit has exactly one value of the first dimension.
        var analysed = survey.Slices.Where(s => s.Key.Dimension == 0).Sum(s => s.Value.Units);
        var (mismatched, crossovers, bots) = (Of(ExclusionClass.Mismatch), Of(ExclusionClass.Crossover), Of(ExclusionClass.Bot));
        var e = survey.Exposures;
        return new Waterfall(
            e.All, e.Outside, e.Unknown, e.Mismatched, e.Repeated, e.Weightless, quarantined,
            survey.Units, survey.Units - mismatched - crossovers - bots - analysed, mismatched, crossovers, bots, analysed);
    }

    public static IReadOnlyList<PhaseRatio> Phases(Experiment experiment, Numbers numbers) => [.. experiment.Phases.Select(phase =>
    {
        var (units, shares) = (numbers.UnitsByVariant(experiment.Variants.Length, phase.Index), TrafficShares.Of(experiment, phase));
        var (fixedTest, sequential) = (SampleRatio.ChiSquare(units, shares), SampleRatio.AlwaysValid(units, shares));
        return new PhaseRatio(
            phase.Index, units, shares, fixedTest.Test.TryGet(out var test) ? test.PValue : null, sequential.TryGet(out var sequence) ? sequence.PValue : null,
            [.. fixedTest.UnexpectedArms.Select(i => experiment.Variants[i].Key)]);
    })];

    /// <summary>Exclusions by the phase and variant of the exposure that a unit is judged by.</summary>
    public static IReadOnlyList<PhaseExclusions> ExclusionsByPhase(SurveyNumbers survey) => [.. survey.Experiment.Phases.Select(phase =>
    {
        var (analysed, crossovers) = (new long[survey.Experiment.Variants.Length], Of(ExclusionClass.Crossover));
        foreach (var (key, cell) in survey.Slices.Where(s => s.Key.Dimension == 0 && s.Key.Phase == phase.Index)) analysed[key.Variant] += cell.Units;
        var result = CrossoverResult.Of([.. analysed.Zip(crossovers, (units, crossed) => new Proportion(crossed, units + crossed))]);
        return new PhaseExclusions(
            phase.Index, analysed, crossovers, Of(ExclusionClass.Mismatch), Of(ExclusionClass.Bot),
            result.TryGet(out var crossover) ? crossover.Share : null, result.TryGet(out crossover) && crossover.ByArm.TryGet(out var test) ? test.PValue : null);

        long[] Of(string name)
        {
            var units = new long[survey.Experiment.Variants.Length];
            foreach (var (key, cell) in survey.Classes.Where(c => c.Key.Class == name && c.Key.Phase == phase.Index && c.Key.Variant >= 0)) units[key.Variant] += cell.Units;
            return units;
        }
    })];

    /// <summary>All phases in one: a bandit's are many, and may have few units each.</summary>
    public static OverallRatio Overall(Experiment experiment, Numbers numbers)
    {
        var strata = Strata(experiment, numbers);
        var (fixedTest, sequential) = (SampleRatio.Stratified(strata), SampleRatio.AlwaysValidByPhase(strata));
        return new OverallRatio(
            fixedTest.Test.TryGet(out var test) ? test.PValue : null, sequential.TryGet(out var sequence) ? sequence.PValue : null,
            [.. fixedTest.UnexpectedArms.Select(i => experiment.Variants[i].Key)]);
    }

    /// <summary>The arms' units and expected shares of each phase in which somebody can take part.</summary>
    public static IReadOnlyList<(IReadOnlyList<long> Units, IReadOnlyList<double> Shares)> Strata(Experiment experiment, Numbers numbers) =>
    [
        .. experiment.Phases
            .Select(p => ((IReadOnlyList<long>)numbers.UnitsByVariant(experiment.Variants.Length, p.Index), (IReadOnlyList<double>)TrafficShares.Of(experiment, p)))
            .Where(s => s.Item2.Sum() > 0),
    ];

    public static CrossoverFigures Crossovers(Experiment experiment, Numbers numbers)
    {
        var units = numbers.UnitsByVariant(experiment.Variants.Length);
        var arms = experiment.Variants.Select((v, i) =>
        {
            var crossed = numbers.Exclusions.Where(e => e.Key.Class == ExclusionClass.Crossover && e.Key.Variant == i).Sum(e => e.Value);
            return new CrossoverArm(v.Key, units[i] + crossed, crossed);
        }).ToList();
        var result = CrossoverResult.Of(arms.ConvertAll(a => new Proportion(a.Crossovers, a.Units)));
        return new CrossoverFigures(
            result.TryGet(out var crossover) ? crossover.Share : null,
            result.TryGet(out crossover) && crossover.ByArm.TryGet(out var test) ? test.PValue : null, arms);
    }
}

using System.Runtime.InteropServices;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>Where an analysed unit is counted. <paramref name="Day"/> is the exposure's, in days since 1970 UTC.</summary>
internal readonly record struct CellKey(string Site, string Experiment, int Revision, int Phase, int Day, int Variant);

/// <summary>Why a unit is kept out, as it is stored.</summary>
internal static class ExclusionClass
{
    public const string Crossover = "crossover";
    public const string Mismatch = "mismatch";
    public const string Bot = "bot";
}

internal readonly record struct ExclusionKey(string Site, string Experiment, string Class, int Variant);

/// <summary>One partition's share of all experiments' numbers, and which of them changed since the last checkpoint.</summary>
internal sealed class Aggregates
{
    public Dictionary<CellKey, Cell> Cells { get; } = [];
    public Dictionary<ExclusionKey, long> Exclusions { get; } = [];
    public HashSet<CellKey> ChangedCells { get; } = [];
    public HashSet<ExclusionKey> ChangedExclusions { get; } = [];

    /// <summary>Puts <paramref name="after"/> in the place of <paramref name="before"/>. True if that changed anything.</summary>
    public bool Replace(string unit, ExperimentFold? beforeFold, Contribution before, ExperimentFold afterFold, Contribution after)
    {
        var sameFold = ReferenceEquals(beforeFold, afterFold) || beforeFold?.Experiment.AnalysisRevision == afterFold.Experiment.AnalysisRevision;
        if (sameFold && Same(before, after)) return false;
        if (sameFold && before.Standing == Standing.Analysed && IsSamePlace(before, after))
        {
            CellOf(afterFold, after).Replace(new UnitOutcomes(afterFold.Experiment, unit, before.Outcomes), new UnitOutcomes(afterFold.Experiment, unit, after.Outcomes));
            return true;
        }

        if (beforeFold is not null) Apply(unit, beforeFold, before, -1);
        Apply(unit, afterFold, after, +1);
        return true;
    }

    public void Stored()
    {
        foreach (var key in ChangedCells) Cells[key].IsChanged = false;
        ChangedCells.Clear();
        ChangedExclusions.Clear();
    }

    private void Apply(string unit, ExperimentFold fold, Contribution contribution, int sign)
    {
        switch (contribution.Standing)
        {
            case Standing.Analysed: CellOf(fold, contribution).Add(new UnitOutcomes(fold.Experiment, unit, contribution.Outcomes), sign); break;
            case Standing.Crossover: Exclude(fold, ExclusionClass.Crossover, contribution.Variant, sign); break;
            case Standing.Bot: Exclude(fold, ExclusionClass.Bot, contribution.Variant, sign); break;
        }

        if (contribution.MismatchedVariant >= 0) Exclude(fold, ExclusionClass.Mismatch, contribution.MismatchedVariant, sign);
    }

    /// <summary>The cell that the unit is counted in, noted as changed.</summary>
    private Cell CellOf(ExperimentFold fold, Contribution contribution)
    {
        var experiment = fold.Experiment;
        var key = new CellKey(experiment.Site, experiment.Key, experiment.AnalysisRevision, contribution.Phase, contribution.Day, contribution.Variant);
        ref var cell = ref CollectionsMarshal.GetValueRefOrAddDefault(Cells, key, out _);
        cell ??= new Cell(experiment.Metrics.Length);
        if (!cell.IsChanged) ChangedCells.Add(key);
        cell.IsChanged = true;
        return cell;
    }

    private void Exclude(ExperimentFold fold, string reason, int variant, int sign)
    {
        var key = new ExclusionKey(fold.Experiment.Site, fold.Experiment.Key, reason, variant);
        Exclusions[key] = Exclusions.GetValueOrDefault(key) + sign;
        ChangedExclusions.Add(key);
    }

    private static bool IsSamePlace(Contribution a, Contribution b) =>
        a.Standing == b.Standing && a.Variant == b.Variant && a.Phase == b.Phase && a.Day == b.Day && a.MismatchedVariant == b.MismatchedVariant;

    private static bool Same(Contribution a, Contribution b) =>
        IsSamePlace(a, b) && a.Outcomes.AsSpan().SequenceEqual(b.Outcomes.AsSpan());
}

using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>A partition's counters at one moment, ahead of the next checkpoint.</summary>
internal sealed record LiveSnapshot(long Epoch, long Changes, IReadOnlyList<LiveExperiment> Experiments)
{
    public static LiveSnapshot Of(long epoch, long changes, IEnumerable<ExperimentFold> folds, Aggregates aggregates)
    {
        var arms = folds.Select(f => f.Experiment).Where(e => e.Status == ExperimentStatus.Running)
            .ToDictionary(e => (e.Site, e.Key, e.AnalysisRevision), e => Array.ConvertAll([.. e.Variants], _ => new Cell(e.Metrics.Length)));
        foreach (var (key, cell) in aggregates.Cells)
        {
            if (arms.TryGetValue((key.Site, key.Experiment, key.Revision), out var sums)) sums[key.Variant].Merge(cell);
        }

        return new LiveSnapshot(epoch, changes, [.. arms.Select(a => new LiveExperiment(
            a.Key.Site, a.Key.Key, Array.ConvertAll(a.Value, c => new LiveArm(c.Units, Array.ConvertAll(c.Moments, m => m.SumX.ToString())))))]);
    }
}

internal sealed record LiveExperiment(string Site, string Experiment, IReadOnlyList<LiveArm> Variants);

/// <param name="Sums">One a metric, in units of 1e-4, as text: they may need more than 64 bits.</param>
internal sealed record LiveArm(long Units, IReadOnlyList<string> Sums);

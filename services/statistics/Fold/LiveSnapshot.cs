using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>A partition's counters at one moment, ahead of the next checkpoint.</summary>
internal sealed record LiveSnapshot(long Epoch, long Changes, IReadOnlyList<LiveExperiment> Experiments)
{
    public static LiveSnapshot Of(long epoch, long changes, IEnumerable<ExperimentFold> folds, Aggregates aggregates)
    {
        var running = folds.Select(f => f.Experiment).Where(e => e.Status == ExperimentStatus.Running)
            .ToDictionary(e => (e.Site, e.Key, e.AnalysisRevision), e => Array.ConvertAll([.. e.Variants], _ => new Sums(e.Metrics.Length)));
        foreach (var (key, cell) in aggregates.Cells)
        {
            if (running.TryGetValue((key.Site, key.Experiment, key.Revision), out var arms)) arms[key.Variant].Add(cell);
        }

        return new LiveSnapshot(epoch, changes, [.. running.Select(r => new LiveExperiment(
            r.Key.Site, r.Key.Key, Array.ConvertAll(r.Value, s => new LiveArm(s.Units, Array.ConvertAll(s.Metrics, m => m.ToString())))))]);
    }

    private sealed class Sums(int metrics)
    {
        public long Units { get; private set; }
        public Int128[] Metrics { get; } = new Int128[metrics];

        public void Add(Cell cell)
        {
            Units += cell.Units;
            for (var i = 0; i < Metrics.Length; i++) Metrics[i] += cell.Moments[i].SumX;
        }
    }
}

internal sealed record LiveExperiment(string Site, string Experiment, IReadOnlyList<LiveArm> Variants);

/// <param name="Sums">One a metric, in units of 1e-4, as text: they may need more than 64 bits.</param>
internal sealed record LiveArm(long Units, IReadOnlyList<string> Sums);

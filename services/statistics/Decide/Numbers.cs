using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>One experiment's aggregates over all partitions, at one moment.</summary>
/// <param name="Cells">By phase, exposure day and variant.</param>
/// <param name="IsComplete">Every partition has folded the version at hand.</param>
internal sealed record Numbers(
    IReadOnlyList<(CellKey Key, Cell Cell)> Cells, IReadOnlyDictionary<ExclusionKey, long> Exclusions, bool IsComplete)
{
    private const long DayMs = 86_400_000;

    public long Units => Cells.Sum(c => c.Cell.Units);

    public long Excluded(string reason) => Exclusions.Where(e => e.Key.Class == reason).Sum(e => e.Value);

    /// <summary>Units a variant of this phase.</summary>
    public long[] UnitsByVariant(int variants, int? phase = null)
    {
        var units = new long[variants];
        foreach (var (key, cell) in Cells)
        {
            if (phase is null || key.Phase == phase) units[key.Variant] += cell.Units;
        }

        return units;
    }

    /// <summary>A metric's moments, one a variant.</summary>
    public ExactMoments[] Moments(int variants, int metric)
    {
        var moments = new ExactMoments[variants];
        foreach (var (key, cell) in Cells)
        {
            moments[key.Variant] += new ExactMoments(cell.Units, cell.Sums[metric], cell.SumsOfSquares[metric]);
        }

        return moments;
    }

    /// <summary>
    /// Only the units whose window of this metric has closed: exposure day + window before now. A window without length closes for
    /// everybody when the experiment stops.
    /// </summary>
    public Numbers Matured(Experiment experiment, Metric metric, long nowMs)
    {
        if (metric.WindowHours <= 0) return experiment.StoppedMs > 0 ? this : this with { Cells = [] };
        var window = (long)(metric.WindowHours * 3_600_000);
        return this with { Cells = [.. Cells.Where(c => (c.Key.Day + 1L) * DayMs + window <= nowMs)] };
    }
}

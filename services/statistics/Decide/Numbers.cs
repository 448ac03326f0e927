using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;

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

    /// <summary>A metric's sums in each phase that has units, one arm a variant.</summary>
    public IReadOnlyList<Arm[]> ArmsByPhase(Experiment experiment, int metric)
    {
        var phases = new SortedDictionary<int, Arm[]>();
        foreach (var (key, cell) in Cells)
        {
            if (!phases.TryGetValue(key.Phase, out var arms))
            {
                phases[key.Phase] = arms = Array.ConvertAll([.. experiment.Variants], _ => Arm.Empty(experiment.Metrics[metric]));
            }

            arms[key.Variant] += new Arm(experiment.Metrics[metric], cell.Units, cell.Moments[metric], cell.Counts[metric]);
        }

        return [.. phases.Values];
    }

    /// <summary>
    /// Only the units whose window of this metric has closed: exposure day + window before now. A window without length closes for
    /// everybody when the experiment stops.
    /// </summary>
    public Numbers Matured(Experiment experiment, Metric metric, long nowMs)
    {
        if (metric.MaturesAfterMs is not { } window) return experiment.StoppedMs > 0 ? this : this with { Cells = [] };
        return this with { Cells = [.. Cells.Where(c => (c.Key.Day + 1L) * DayMs + window <= nowMs)] };
    }
}

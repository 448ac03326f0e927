using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>Exact sums over some units, one element a metric: the same in any order of adding, taking out and merging.</summary>
internal sealed class Cell
{
    public Cell(int metrics)
    {
        Moments = new ExactCrossMoments[metrics];
        Counts = new ValueCounts?[metrics];
    }

    public long Units { get; set; }

    /// <summary>Since the last checkpoint.</summary>
    public bool IsChanged { get; set; }

    /// <summary>Over the units that have an outcome: it and its covariate, or a ratio's two parts; in units of 1e-4.</summary>
    public ExactCrossMoments[] Moments { get; }

    /// <summary>Of quantiles and funnels; null for others, and where there is nothing yet.</summary>
    public ValueCounts?[] Counts { get; }

    /// <param name="sign">1, or −1 to take the unit out again.</param>
    public void Add(UnitOutcomes unit, int sign)
    {
        Units += sign;
        for (var i = 0; i < unit.Outcomes.Length; i++) Add(unit, i, sign);
    }

    /// <summary>Puts a unit's outcomes in the place of those that it had; most are the same.</summary>
    public void Replace(UnitOutcomes before, UnitOutcomes after)
    {
        for (var i = 0; i < after.Outcomes.Length; i++)
        {
            if (before.Outcomes[i].Equals(after.Outcomes[i])) continue;
            Add(before, i, -1);
            Add(after, i, +1);
        }
    }

    /// <param name="sign">1, or −1 to take it out again.</param>
    public void Merge(Cell other, int sign = 1)
    {
        Units += sign * other.Units;
        for (var i = 0; i < Moments.Length; i++)
        {
            Moments[i] = sign > 0 ? Moments[i] + other.Moments[i] : Moments[i] - other.Moments[i];
            if (other.Counts[i] is { } counts) (Counts[i] ??= new ValueCounts()).Merge(counts, sign);
        }
    }

    private void Add(UnitOutcomes unit, int metric, int sign)
    {
        ref readonly var outcome = ref unit.Outcomes.AsSpan()[metric];
        if (outcome.Counts)
        {
            var pair = ExactCrossMoments.Of(outcome.X, outcome.Y);
            Moments[metric] = sign > 0 ? Moments[metric] + pair : Moments[metric] - pair;
        }

        if (!outcome.Values.IsEmpty) (Counts[metric] ??= new ValueCounts()).Add(unit, metric, sign);
    }
}

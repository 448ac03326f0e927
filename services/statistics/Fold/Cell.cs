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

    /// <summary>Over the units that have an outcome: it and its covariate, or a ratio's two parts; in units of 1e-4.</summary>
    public ExactCrossMoments[] Moments { get; }

    /// <summary>Of quantiles and funnels; null for others, and where there is nothing yet.</summary>
    public ValueCounts?[] Counts { get; }

    /// <param name="sign">1, or −1 to take the unit out again.</param>
    public void Add(UnitOutcomes unit, int sign)
    {
        Units += sign;
        var outcomes = unit.Outcomes.AsSpan();
        for (var i = 0; i < outcomes.Length; i++)
        {
            ref readonly var outcome = ref outcomes[i];
            if (outcome.Counts)
            {
                var pair = ExactCrossMoments.Of(outcome.X, outcome.Y);
                Moments[i] = sign > 0 ? Moments[i] + pair : Moments[i] - pair;
            }

            if (!outcome.Values.IsEmpty) (Counts[i] ??= new ValueCounts()).Add(unit, i, sign);
        }
    }

    public void Merge(Cell other)
    {
        Units += other.Units;
        for (var i = 0; i < Moments.Length; i++)
        {
            Moments[i] += other.Moments[i];
            if (other.Counts[i] is { } counts) (Counts[i] ??= new ValueCounts()).Merge(counts);
        }
    }
}

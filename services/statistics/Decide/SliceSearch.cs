using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>A value of a dimension whose units are not split as they were meant to be.</summary>
/// <param name="PValue">Of its own units, smallest over the phases; <paramref name="AdjustedPValue"/> is Holm's over all slices.</param>
/// <param name="PValueWithout">Of all other units: near 1 where this slice explains the broken ratio.</param>
internal sealed record SuspectSlice(string Dimension, string Value, IReadOnlyList<long> Units, double PValue, double AdjustedPValue, double? PValueWithout);

/// <summary>Looks for the slice that explains a broken sample ratio, the most telling first.</summary>
internal static class SliceSearch
{
    private const int Most = 20;
    private static readonly string[] Searched = ["browser", "country", "device", "hour", "source"];

    public static IReadOnlyList<SuspectSlice> Of(SurveyNumbers survey)
    {
        var experiment = survey.Experiment;
        var shares = experiment.Phases.ToDictionary(p => p.Index, p => TrafficShares.Of(experiment, p));
        var slices = new List<(string Dimension, string Value, long[] Units, double PValue, double? Without)>();
        foreach (var dimension in Searched)
        {
            var index = Dimensions.Names.ToList().IndexOf(dimension);
            var all = survey.Slices.Where(s => s.Key.Dimension == index).ToList();
            foreach (var slice in all.GroupBy(s => s.Key.Value))
            {
                if (Smallest(slice.Select(s => (s.Key, s.Value.Units))) is not { } p) continue;
                var units = new long[experiment.Variants.Length];
                foreach (var (key, cell) in slice) units[key.Variant] += cell.Units;
                slices.Add((dimension, slice.Key, units, p, Smallest(all.Where(s => s.Key.Value != slice.Key).Select(s => (s.Key, s.Value.Units)))));
            }
        }

        if (!PValueAdjustment.Holm([.. slices.Select(s => s.PValue)]).TryGet(out var adjusted)) return [];
        return [.. slices.Select((s, i) => new SuspectSlice(s.Dimension, s.Value, s.Units, s.PValue, adjusted[i], s.Without)).OrderBy(s => s.PValue).Take(Most)];

        double? Smallest(IEnumerable<(SliceKey Key, long Units)> cells)
        {
            double? smallest = null;
            foreach (var phase in cells.GroupBy(c => c.Key.Phase))
            {
                var observed = new long[experiment.Variants.Length];
                foreach (var (key, units) in phase) observed[key.Variant] += units;
                if (SampleRatio.ChiSquare(observed, shares[phase.Key]).Test.TryGet(out var test)) smallest = Math.Min(smallest ?? 1, test.PValue);
            }

            return smallest;
        }
    }
}

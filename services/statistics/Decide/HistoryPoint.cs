namespace CroPlatform.Services.Statistics.Decide;

/// <summary>What is kept of an hour's results: the estimates with the intervals of one look and of the confidence sequence.</summary>
internal sealed record HistoryPoint(string Verdict, string? Variant, long Exposures, double? SampleRatioPValue, IReadOnlyList<HistoryFigures> Figures)
{
    public static HistoryPoint Of(ExperimentResults results) => new(
        results.Decision.Value, results.Decision.Variant, results.Exposures, results.SampleRatio.PValue,
        [
            .. results.Metrics.SelectMany(m => m.Variants.Select(v => new HistoryFigures(
                m.Key, v.Key, v.N, v.Mean, v.Lift, v.LiftInterval, v.AlwaysValid?.LiftInterval, v.Difference, v.DifferenceInterval,
                v.AlwaysValid?.DifferenceInterval, v.PValue, v.AlwaysValid?.PValue))),
        ]);
}

internal sealed record HistoryFigures(
    string Metric, string Variant, long N, double? Mean, double? Lift, double[]? LiftInterval, double[]? LiftSequence,
    double? Difference, double[]? DifferenceInterval, double[]? DifferenceSequence, double? PValue, double? AlwaysValidPValue);

using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>One metric's sums over the units of one arm.</summary>
/// <param name="Units">All units of the arm, with an outcome or without.</param>
internal sealed record Arm(Metric Metric, long Units, ExactCrossMoments Moments, ValueCounts? Counts)
{
    // Made once, since many figures ask for them: exact sums become numbers by division of long integers.
    private GroupedQuantileSketch? _sketch;
    private Computed<SampleSummary>? _summary;
    private Computed<PairSummary>? _pair;
    private Computed<double>? _mean;
    private Computed<double>? _error;
    private Computed<Estimate>? _estimate;

    public static Arm Empty(Metric metric) => new(metric, 0, default, null);

    private bool IsEmpty => Units == 0 && Moments == default && Counts is null;

    /// <summary>Units that have an outcome; of a quantile, which is one of events, all units.</summary>
    public long N => Metric.Kind == MetricKind.Quantile ? Units : Moments.N;

    /// <summary>The sum of the outcomes; of a ratio, of its numerator; of a quantile, how many values there are.</summary>
    public double Total => Metric.Kind == MetricKind.Quantile ? Sketch.Count : Moments.X.Total;

    /// <summary>Outcomes are 0 or 1, so that their sum counts units.</summary>
    public Proportion Proportion => new((long)(Moments.SumX / ExactMoments.Scale), Moments.N);

    /// <summary>Of the outcomes; of a ratio, of its numerators.</summary>
    public Computed<SampleSummary> Summary => _summary ??= Moments.X.Summary;

    /// <summary>Of a ratio's two parts.</summary>
    public Computed<PairSummary> Pair => _pair ??= Moments.Summary;

    /// <summary>Of a quantile.</summary>
    private GroupedQuantileSketch Sketch => _sketch ??= Counts?.ToSketch() ?? new GroupedQuantileSketch(ValueCounts.Groups);

    public Computed<double> Mean => _mean ??= Metric.Kind switch
    {
        MetricKind.Ratio => Moments.N == 0 ? NotComputable.TooFewUnits("There are no units.")
            : Moments.SumY == 0 ? NotComputable.ZeroBaseline("The denominator is 0.")
            : (double)Moments.SumX / (double)Moments.SumY,
        MetricKind.Quantile when Estimate.TryGet(out var estimate) => estimate.Value,
        MetricKind.Quantile => Sketch.Total().Quantile(Metric.Quantile),
        _ => Moments.X.Mean,
    };

    public Computed<double> StandardError => _error ??= Metric.IsBinary && Moments.N > 0
        ? Math.Sqrt(Proportion.Rate * (1 - Proportion.Rate) / Moments.N)
        : Estimate.Map(e => e.StandardError!.Value);

    /// <summary>Its mean, ratio or quantile with the standard error.</summary>
    public Computed<Estimate> Estimate => _estimate ??= Metric.Kind switch
    {
        MetricKind.Ratio => Pair.Then(s => RatioMetric.Delta(s)),
        MetricKind.Quantile => QuantileMetric.Of(Sketch, Metric.Quantile),
        _ => Summary.Map(s => new Estimate(s.Mean, Math.Sqrt(s.MeanVariance), default)),
    };

    public static Arm operator +(Arm a, Arm b)
    {
        if (a.IsEmpty) return b;
        if (b.IsEmpty) return a;
        if (a.Counts is null || b.Counts is null) return new Arm(a.Metric, a.Units + b.Units, a.Moments + b.Moments, a.Counts ?? b.Counts);
        var counts = new ValueCounts();
        counts.Merge(a.Counts);
        counts.Merge(b.Counts);
        return new Arm(a.Metric, a.Units + b.Units, a.Moments + b.Moments, counts);
    }
}

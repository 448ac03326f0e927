using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>Where a unit is that two experiments analyse.</summary>
internal readonly record struct PairKey(int FirstPhase, int FirstVariant, int SecondPhase, int SecondVariant);

/// <summary>A metric of a pair of experiments; one that both have is the first one's.</summary>
internal readonly record struct PairMetric(bool IsFirst, int Index, Metric Metric);

/// <summary>Exact sums over the units that two experiments analyse, by the phases and variants of both.</summary>
internal sealed class PairNumbers
{
    public PairNumbers(Experiment first, Experiment second)
    {
        (First, Second) = (first, second);
        var own = first.Metrics.Select((m, i) => new PairMetric(true, i, m));
        var others = second.Metrics.Select((m, i) => new PairMetric(false, i, m)).Where(m => first.Metrics.All(known => known.Key != m.Metric.Key));
        // A quantile is one of events, not of units.
        Metrics = [.. own.Concat(others).Where(m => m.Metric.Kind != MetricKind.Quantile)];
    }

    public Experiment First { get; }
    public Experiment Second { get; }
    public IReadOnlyList<PairMetric> Metrics { get; }

    /// <summary>One element a metric.</summary>
    public Dictionary<PairKey, (long Units, ExactCrossMoments[] Moments)> Cells { get; } = [];

    public void Add(Contribution first, Contribution second)
    {
        var key = new PairKey(first.Phase, first.Variant, second.Phase, second.Variant);
        var (units, moments) = Cells.TryGetValue(key, out var cell) ? cell : (0, new ExactCrossMoments[Metrics.Count]);
        for (var i = 0; i < moments.Length; i++)
        {
            var outcome = (Metrics[i].IsFirst ? first : second).Outcomes[Metrics[i].Index];
            if (outcome.Counts) moments[i] += ExactCrossMoments.Of(outcome.X, outcome.Y);
        }

        Cells[key] = (units + 1, moments);
    }
}

/// <summary>What a walk over a site's units finds of all pairs of its experiments. The same in whatever order units come.</summary>
internal sealed class SitePairs(IEnumerable<Experiment> experiments)
{
    private readonly Dictionary<string, ExperimentFold> _folds = experiments.ToDictionary(e => e.Key, e => new ExperimentFold(e));

    /// <summary>The pairs that have units in common, the first key before the second.</summary>
    public Dictionary<(string First, string Second), PairNumbers> Pairs { get; } = [];

    /// <summary>Analysed units of each experiment by phase and variant.</summary>
    public Dictionary<(string Experiment, int Phase, int Variant), long> Units { get; } = [];

    public IEnumerable<Experiment> Experiments => _folds.Values.Select(f => f.Experiment);

    public void Add(UnitHistory history)
    {
        var analysed = history.Facts.Select(f => f.Exposure?.Experiment).OfType<string>().Distinct().Select(_folds.GetValueOrDefault).OfType<ExperimentFold>()
            .Select(f => (f.Experiment, Contribution: f.Of(history))).Where(c => c.Contribution.Standing == Standing.Analysed)
            .OrderBy(c => c.Experiment.Key, StringComparer.Ordinal).ToList();
        for (var i = 0; i < analysed.Count; i++)
        {
            var (first, contribution) = analysed[i];
            var at = (first.Key, contribution.Phase, contribution.Variant);
            Units[at] = Units.GetValueOrDefault(at) + 1;
            for (var j = i + 1; j < analysed.Count; j++)
            {
                var (second, other) = analysed[j];
                if (!Pairs.TryGetValue((first.Key, second.Key), out var pair)) Pairs[(first.Key, second.Key)] = pair = new PairNumbers(first, second);
                pair.Add(contribution, other);
            }
        }
    }
}

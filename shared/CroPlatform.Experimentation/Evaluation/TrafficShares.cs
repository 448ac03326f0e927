using System.Collections.Immutable;
using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>How the units that take part are expected to spread over the variants.</summary>
public static class TrafficShares
{
    /// <summary>
    /// One share a variant, sum 1; all 0 if nobody takes part. Counted in buckets where we bucket, leaving out those buckets that a layer or a
    /// holdout of the same unit and seed shuts out: with seeds of their own they are independent of the split and do not matter. An
    /// external assignment is taken at its weights.
    /// </summary>
    public static ImmutableArray<double> Of(Experiment experiment, Phase phase)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(phase);
        if (experiment.Assignment == AssignmentMode.External) return phase.Weights;
        var layers = experiment.Layers.Where(l => l.Seed == phase.Seed).ToList();
        var holdouts = experiment.Holdouts.Where(h => h.Seed == phase.Seed && h.Unit == experiment.Unit).ToList();
        return BucketRanges.Of(phase).ExpectedShares(layers.Count + holdouts.Count == 0
            ? null
            : position => layers.TrueForAll(l => l.Contains(position)) && !holdouts.Exists(h => h.Range.Contains(position)));
    }
}

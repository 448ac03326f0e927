using System.Collections.Immutable;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>The place of an experiment among those that run: its stretches of layers, and the holdouts that it leaves alone. Pure.</summary>
internal sealed record Placement(ImmutableArray<Layer> Layers, ImmutableArray<Holdout> Holdouts)
{
    /// <param name="others">Every experiment of the site.</param>
    /// <returns>The place, or why there is none: a conflict that names the other experiment.</returns>
    public static (Placement? Placement, FieldProblem? Problem) Find(ExperimentRequest draft, IReadOnlyList<StoredExperiment> others)
    {
        // Who pauses keeps its place: it may go on at any time.
        var live = others.Where(o => o.Status is "running" or "paused").Select(o => o.Published!).ToList();
        var layers = ImmutableArray.CreateBuilder<Layer>();
        for (var i = 0; i < (draft.Layers?.Count ?? 0); i++)
        {
            var (layer, problem) = Take(draft.Layers![i]!, draft.Unit ?? UnitTypes.Visitor, live, $"layers[{i}]");
            if (layer is null) return (null, problem);
            layers.Add(layer);
        }

        var holdouts = ImmutableArray.CreateBuilder<Holdout>();
        for (var i = 0; i < (draft.Holdouts?.Count ?? 0); i++)
        {
            var key = draft.Holdouts![i]!;
            if (live.Find(e => e.Key == key && e.Kind == ExperimentKind.Holdout) is not { } holdout)
            {
                return (null, Conflict($"holdouts[{i}]", $"holdout '{key}' does not run"));
            }

            holdouts.Add(Pin(holdout));
        }

        return (new Placement(layers.ToImmutable(), holdouts.ToImmutable()), null);
    }

    private static (Layer? Layer, FieldProblem? Problem) Take(LayerRequest request, string unit, List<Experiment> live, string field)
    {
        var neighbours = live.SelectMany(e => e.Layers, (e, l) => (Experiment: e, Layer: l)).Where(n => n.Layer.Key == request.Key).ToList();
        if (neighbours.Find(n => n.Experiment.Unit != unit) is { Experiment: { } stranger })
        {
            return (null, Conflict($"{field}.key", $"a layer has one type of unit, and experiment '{stranger.Key}' has {stranger.Unit} in this one"));
        }

        if (request.Share is { } share)
        {
            return FreeRanges.Take(neighbours.SelectMany(n => n.Layer.Ranges), share) is { } free
                ? (new Layer(request.Key!, free), null)
                : (null, Conflict($"{field}.share", $"layer '{request.Key}' has no such share left beside {string.Join(", ", neighbours.Select(n => $"'{n.Experiment.Key}'").Distinct())}"));
        }

        ImmutableArray<BucketRange> ranges = [.. request.Ranges!.Select(r => new BucketRange(r![0], r[1]))];
        return neighbours.Find(n => n.Layer.Ranges.Any(r => ranges.Any(r.Overlaps))) is { Experiment: { } other }
            ? (null, Conflict($"{field}.ranges", $"experiment '{other.Key}' has a part of these ranges of layer '{request.Key}'"))
            : (new Layer(request.Key!, ranges), null);
    }

    private static Holdout Pin(Experiment holdout)
    {
        var phase = holdout.CurrentPhase;
        return new Holdout(
            holdout.Key,
            holdout.Version,
            holdout.Unit,
            phase.Seed,
            BucketRanges.Of(phase)[holdout.Control],
            holdout.Variants[holdout.Control].Key,
            holdout.Variants[1 - holdout.Control].Key);
    }

    private static FieldProblem Conflict(string field, string message) => new("conflict", field, message);
}

using System.Collections.Immutable;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Fold;

/// <summary>A percentile cap as it is frozen.</summary>
/// <param name="CapE4">In units of 1e-4, above 0.</param>
/// <param name="Units">Whose outcomes it was taken of.</param>
internal sealed record FrozenCap(string Metric, long CapE4, long Units);

/// <summary>
/// Finds the caps of metrics that are capped at a percentile: of the outcomes above 0 of the analysed units of all arms together, so that it
/// cannot take sides, and the many units that did nothing cannot bring it down to 0. Outcomes are taken as they stand, with windows still open:
/// that lowers the cap of every arm alike.
/// </summary>
internal sealed class CapCut(Experiment experiment)
{
    /// <summary>Units with an outcome above 0 from which a cap is taken.</summary>
    public const int Units = 1_000;

    private readonly List<long>?[] _outcomes = [.. experiment.Metrics.Select(m => m.IsCapOpen ? new List<long>() : null)];

    public void Add(ImmutableArray<Outcome> outcomes)
    {
        for (var i = 0; i < _outcomes.Length; i++)
        {
            if (_outcomes[i] is { } taken && outcomes[i] is { Counts: true, X: > 0 } outcome) taken.Add(outcome.X);
        }
    }

    /// <summary>The caps of those metrics that have units enough. The same in whatever order units came.</summary>
    public IEnumerable<FrozenCap> Caps()
    {
        for (var i = 0; i < _outcomes.Length; i++)
        {
            if (_outcomes[i] is not { Count: >= Units } outcomes) continue;
            outcomes.Sort();
            // The smallest outcome that this share of the units does not exceed (type 1 of Hyndman and Fan); decimal, since 0.95 has no exact double.
            var rank = (int)decimal.Ceiling((decimal)experiment.Metrics[i].CapPercentile * outcomes.Count);
            yield return new FrozenCap(experiment.Metrics[i].Key, outcomes[Math.Max(1, rank) - 1], outcomes.Count);
        }
    }
}

using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <summary>The weights of a bandit for an interval: an interval is a phase.</summary>
/// <param name="Phase">The index of the phase that it begins.</param>
/// <param name="Weights">One a variant, each 0 to 1, sum 1.</param>
/// <param name="EffectiveMs">When it begins, milliseconds since 1970 UTC.</param>
public sealed record Allocation(string Site, string Experiment, int Phase, ImmutableArray<double> Weights, long EffectiveMs)
{
    /// <summary>
    /// The experiment with this interval as its last phase. It is left as it is where the allocation is not for it, is one that it has
    /// already, lies before its last phase, or does not fit its variants; only a bandit that has not been stopped takes any.
    /// </summary>
    public Experiment ApplyTo(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var isIts = experiment.Site == Site && experiment.Key == Experiment
            && experiment.Kind == ExperimentKind.Bandit && experiment.Status is ExperimentStatus.Running or ExperimentStatus.Paused;
        var isNext = Phase > experiment.CurrentPhase.Index && EffectiveMs >= experiment.CurrentPhase.LastFromMs;
        return isIts && isNext && Weights.Length == experiment.Variants.Length
            ? experiment.WithPhase(experiment.CurrentPhase with { Index = Phase, Weights = Weights }, EffectiveMs)
            : experiment;
    }
}

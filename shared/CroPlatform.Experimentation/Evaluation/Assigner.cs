using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>Decides for one version of one experiment, compiled once. Immutable; decides without I/O, locks or allocation.</summary>
public sealed class Assigner
{
    private readonly BucketRanges _ranges;

    public Assigner(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        Experiment = experiment;
        _ranges = BucketRanges.Of(experiment.CurrentPhase);
    }

    public Experiment Experiment { get; }

    /// <summary>Which variant this unit gets now.</summary>
    public Decision Decide(ReadOnlySpan<char> unit)
    {
        if (Experiment.Status != ExperimentStatus.Running) return new Decision(Experiment.Control, false, AssignmentReason.NotRunning, null, null);
        if (unit.IsEmpty) return new Decision(Experiment.Control, false, AssignmentReason.NoUnit, null, null);
        var phase = Experiment.CurrentPhase;
        var position = Bucket.Position(Bucket.Of(phase.Seed, unit));
        var variant = _ranges.VariantAt(position);
        return variant < 0
            ? new Decision(Experiment.Control, false, AssignmentReason.Coverage, position, null)
            : new Decision(variant, true, AssignmentReason.Split, position, phase.Weights[variant]);
    }
}

/// <param name="Variant">Index of the variant to serve; the control where the unit does not take part.</param>
/// <param name="InExperiment">Whether the unit takes part; only then is there an exposure to record.</param>
/// <param name="Position">Where the unit falls, 0 to 1; null if it was not hashed.</param>
/// <param name="Propensity">With what probability a unit that takes part gets this variant; null if it does not.</param>
public readonly record struct Decision(int Variant, bool InExperiment, AssignmentReason Reason, double? Position, double? Propensity);

/// <summary>Why a unit got what it got; the names on the wire are in snake_case.</summary>
public enum AssignmentReason
{
    Split,
    Coverage,
    NoUnit,
    NotRunning,
    UnknownExperiment,
    Stale,
}

using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>Decides for one version of one experiment, compiled once. Immutable; decides without I/O or locks, and without allocation where nothing is targeted.</summary>
public sealed class Assigner
{
    private static readonly JsonElement NoAttributes = JsonDocument.Parse("{}").RootElement;

    private readonly BucketRanges _ranges;
    private readonly Condition? _targeting;

    public Assigner(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        Experiment = experiment;
        _ranges = BucketRanges.Of(experiment.CurrentPhase);
        var targeting = experiment.CurrentPhase.TargetingJson;
        if (targeting.IsEmpty) return;
        using var document = JsonDocument.Parse(targeting);
        _targeting = Condition.Parse(document.RootElement);
    }

    public Experiment Experiment { get; }

    /// <summary>Whether the decision reads attributes: others need not be parsed for it.</summary>
    public bool ReadsAttributes => _targeting is not null;

    /// <summary>Which variant this unit gets now.</summary>
    /// <param name="attributes">A JSON object, what targeting reads; null if the caller sent none.</param>
    public Decision Decide(ReadOnlySpan<char> unit, JsonElement? attributes = null)
    {
        if (Experiment.Status != ExperimentStatus.Running) return new Decision(Experiment.Control, false, AssignmentReason.NotRunning, null, null);
        if (unit.IsEmpty) return new Decision(Experiment.Control, false, AssignmentReason.NoUnit, null, null);
        if (_targeting is not null && !_targeting.Holds(attributes ?? NoAttributes))
        {
            return new Decision(Experiment.Control, false, AssignmentReason.Targeting, null, null);
        }

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
    Targeting,
    Coverage,
    NoUnit,
    NotRunning,
    UnknownExperiment,
    Stale,
}

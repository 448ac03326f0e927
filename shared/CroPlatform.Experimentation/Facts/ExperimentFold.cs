using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Experimentation.Facts;

/// <summary>Computes contributions to one experiment version. Immutable; shared by threads.</summary>
public sealed class ExperimentFold
{
    private const long DayMs = 86_400_000;

    private readonly FrozenDictionary<int, BucketRanges> _ranges;
    private readonly FrozenSet<string> _forced;
    private readonly ImmutableArray<MetricReader> _readers;

    public ExperimentFold(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        Experiment = experiment;
        _ranges = experiment.Phases.ToFrozenDictionary(p => p.Index, BucketRanges.Of);
        _forced = experiment.Forced.Select(f => f.UnitId).ToFrozenSet(StringComparer.Ordinal);
        _readers = [.. experiment.Metrics.Select(m => new MetricReader(m))];
    }

    public Experiment Experiment { get; }

    /// <summary>What this unit adds. <see cref="Contribution.None"/> if the experiment has not seen it.</summary>
    public Contribution Of(UnitHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.UnitType != Experiment.Unit) return Contribution.None;
        Fact? first = null;
        var (variant, mismatched, crossover) = (-1, -1, false);
        foreach (var fact in history.Facts)
        {
            if (fact.Exposure is not { } exposure || exposure.Experiment != Experiment.Key) continue;
            if (Experiment.PhaseAt(fact.TimeMs) is not { } phase) continue;
            var declared = Experiment.IndexOfVariant(exposure.Variant);
            if (declared < 0 || !IsAssigned(history.Unit, phase, declared))
            {
                if (mismatched < 0) mismatched = declared < 0 ? Experiment.Variants.Length : declared;
            }
            else if (first is null)
            {
                (first, variant) = (fact, declared);
            }
            else if (declared != variant)
            {
                crossover = true;
            }
        }

        if (first is null) return mismatched < 0 ? Contribution.None : Contribution.None with { MismatchedVariant = mismatched };
        var standing = history.IsBot ? Standing.Bot : crossover ? Standing.Crossover : Standing.Analysed;
        var outcomes = standing == Standing.Analysed ? Outcomes(history, first.TimeMs) : [];
        return new Contribution(
            standing, variant, Experiment.PhaseAt(first.TimeMs)!.Index, (int)Math.Floor(first.TimeMs / (double)DayMs), outcomes, mismatched);
    }

    /// <summary>
    /// Whether we can have given this variant: nobody who is shut out by a layer or a holdout, or forced as a tester, takes part. Which
    /// variant it is, the bucketing says, unless it was remembered or assigned elsewhere. Targeting is not looked at again, nor are
    /// holdouts of other types of unit: what they read is not in an exposure.
    /// </summary>
    private bool IsAssigned(string unit, Phase phase, int variant)
    {
        if (Experiment.Assignment == AssignmentMode.External) return true;
        if (_forced.Contains(unit)) return false;
        if (!Experiment.Layers.All(l => l.Holds(unit))) return false;
        if (Experiment.Holdouts.Any(h => h.Unit == Experiment.Unit && h.Holds(unit))) return false;
        return Experiment.Sticky || _ranges[phase.Index].VariantAt(Bucket.Position(Bucket.Of(phase.Seed, unit))) == variant;
    }

    /// <summary>Facts from before the exposure are there for visitors only: of other units, events are routed from the experiment's start on.</summary>
    private ImmutableArray<Outcome> Outcomes(UnitHistory history, long exposedMs)
    {
        var outcomes = new Outcome[_readers.Length];
        var withCovariates = Experiment.Unit == UnitTypes.Visitor;
        for (var i = 0; i < outcomes.Length; i++) outcomes[i] = _readers[i].Outcome(history.Facts, exposedMs, EndOfWindow(exposedMs, i), withCovariates);
        return ImmutableCollectionsMarshal.AsImmutableArray(outcomes);
    }

    /// <summary>The end of a metric's window, exclusive; a window without length ends when the experiment stops.</summary>
    private long EndOfWindow(long exposedMs, int metric)
    {
        if (Experiment.Metrics[metric].MaturesAfterMs is { } window) return exposedMs + window;
        return Experiment.StoppedMs > 0 ? Experiment.StoppedMs : long.MaxValue;
    }
}

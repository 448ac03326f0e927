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
        return Of(history, Exposures(history), null);
    }

    /// <summary>
    /// The same of a unit whose exposures were read before, when nothing has come to them since.
    /// </summary>
    /// <param name="events">Types of events; metrics that read none of them have no outcome here. Null: every metric is computed.</param>
    public Contribution Of(UnitHistory history, in ExposureReading exposures, IReadOnlyList<string>? events)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (exposures.First is not { } first)
        {
            return exposures.MismatchedVariant < 0 ? Contribution.None : Contribution.None with { MismatchedVariant = exposures.MismatchedVariant };
        }

        var standing = history.IsBot ? Standing.Bot : exposures.IsCrossover ? Standing.Crossover : Standing.Analysed;
        var outcomes = standing == Standing.Analysed ? Outcomes(history, first.TimeMs, events) : [];
        return new Contribution(
            standing, exposures.Variant, Experiment.PhaseAt(first.TimeMs)!.Index, (int)Math.Floor(first.TimeMs / (double)DayMs), outcomes, exposures.MismatchedVariant);
    }

    /// <summary>Whether any metric reads events of one of these types.</summary>
    public bool Reads(IReadOnlyList<string> events)
    {
        foreach (var reader in _readers)
        {
            if (reader.Reads(events)) return true;
        }

        return false;
    }

    /// <summary>What the experiment makes of the unit's exposures.</summary>
    public ExposureReading Exposures(UnitHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        return history.UnitType == Experiment.Unit ? Read(history) : ExposureReading.None;
    }

    /// <summary>The unit with all that its exposures were counted as; null if it has none to this experiment.</summary>
    public UnitSurvey? Survey(UnitHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.UnitType != Experiment.Unit) return null;
        var reading = Read(history);
        if (reading.Counts.All == 0) return null;
        var exposed = reading.First ?? reading.Mismatched;
        return new UnitSurvey(
            Of(history, reading, null),
            exposed,
            exposed is null ? -1 : Experiment.IndexOfVariant(exposed.Exposure!.Variant),
            exposed is null ? 0 : Experiment.PhaseAt(exposed.TimeMs)!.Index,
            reading.Counts);
    }

    /// <summary>What the unit's outcomes are from this exposure on, whatever class it is of.</summary>
    public ImmutableArray<Outcome> OutcomesFrom(UnitHistory history, Fact exposed)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(exposed);
        return Outcomes(history, exposed.TimeMs, null);
    }

    /// <summary>
    /// The outcomes of a stretch of time alone. Kinds that look at a day or an order of their own, retention and durations, have none.
    /// </summary>
    public ImmutableArray<Outcome> OutcomesBetween(UnitHistory history, long fromMs, long toMs)
    {
        ArgumentNullException.ThrowIfNull(history);
        return [.. _readers.Select((reader, i) => Experiment.Metrics[i].Kind is MetricKind.Retention or MetricKind.Duration
            ? Outcome.None
            : reader.Outcome(history.AsSpan(), fromMs, toMs, withCovariate: false))];
    }

    private ExposureReading Read(UnitHistory history)
    {
        Fact? first = null, mismatchedFact = null;
        var (variant, mismatched, crossover, seen) = (-1, -1, false, 0);
        var (counted, repeated, outside, unknown, mismatches, weightless) = (0, 0, 0, 0, 0, 0);
        foreach (var fact in history.AsSpan())
        {
            if (fact.Exposure is not { } exposure || exposure.Experiment != Experiment.Key) continue;
            var declared = Experiment.IndexOfVariant(exposure.Variant);
            if (Experiment.PhaseAt(fact.TimeMs) is not { } phase)
            {
                outside++;
                continue;
            }

            if (declared >= 0 && phase.Weights[declared] == 0) weightless++;
            if (declared < 0 || !IsAssigned(history.Unit, phase, declared))
            {
                if (mismatched < 0) mismatched = declared < 0 ? Experiment.Variants.Length : declared;
                if (declared < 0) unknown++;
                else mismatches++;
                if (declared >= 0) mismatchedFact ??= fact;
                continue;
            }

            if ((seen & (1 << declared)) != 0) repeated++;
            else counted++;
            seen |= 1 << declared;
            if (first is null) (first, variant) = (fact, declared);
            else if (declared != variant) crossover = true;
        }

        return new ExposureReading
        {
            First = first,
            Variant = variant,
            IsCrossover = crossover,
            MismatchedVariant = mismatched,
            Mismatched = mismatchedFact,
            Counts = new ExposureCounts(counted, repeated, outside, unknown, mismatches, weightless),
        };
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
    private ImmutableArray<Outcome> Outcomes(UnitHistory history, long exposedMs, IReadOnlyList<string>? events)
    {
        var outcomes = new Outcome[_readers.Length];
        var withCovariates = Experiment.Unit == UnitTypes.Visitor;
        for (var i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = events is null || _readers[i].Reads(events)
                ? _readers[i].Outcome(history.AsSpan(), exposedMs, EndOfWindow(exposedMs, i), withCovariates)
                : Outcome.None;
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(outcomes);
    }

    /// <summary>The end of a metric's window, exclusive; a window without length ends when the experiment stops.</summary>
    private long EndOfWindow(long exposedMs, int metric)
    {
        if (Experiment.Metrics[metric].MaturesAfterMs is { } window) return exposedMs + window;
        return Experiment.StoppedMs > 0 ? Experiment.StoppedMs : long.MaxValue;
    }
}

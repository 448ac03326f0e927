using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <summary>One published, immutable version of an experiment. Times are milliseconds since 1970 UTC.</summary>
public sealed record Experiment
{
    public required string Site { get; init; }
    public required string Key { get; init; }

    /// <summary>1, 2, 3 …: each publication is a new one.</summary>
    public required int Version { get; init; }

    /// <summary>When this version took effect. What happened before it keeps the meaning it had.</summary>
    public required long EffectiveMs { get; init; }

    public string Name { get; init; } = "";
    public string Hypothesis { get; init; } = "";

    public ExperimentKind Kind { get; init; } = ExperimentKind.Ab;

    /// <summary>visitor, user, account or device.</summary>
    public string Unit { get; init; } = UnitTypes.Visitor;

    public required ExperimentStatus Status { get; init; }
    public AssignmentMode Assignment { get; init; } = AssignmentMode.Platform;

    /// <summary>2 to 20 variants.</summary>
    public required ImmutableArray<Variant> Variants { get; init; }

    /// <summary>Index of the control in <see cref="Variants"/>.</summary>
    public int Control { get; init; }

    /// <summary>What a multivariate experiment varies; empty for others.</summary>
    public ImmutableArray<Factor> Factors { get; init; } = [];

    public ImmutableArray<Metric> Metrics { get; init; } = [];
    public DecisionRule Decision { get; init; } = new();
    public required ImmutableArray<Phase> Phases { get; init; }
    public int AnalysisRevision { get; init; } = 1;

    /// <summary>Of a bandit: how many of its intervals were known when <see cref="Phases"/> were made.</summary>
    public int Allocations { get; init; }

    /// <summary>When it was stopped, or 0.</summary>
    public long StoppedMs { get; init; }

    /// <summary>Units keep the variant that they were first given, whatever becomes of weights and coverage. A bandit always is.</summary>
    public bool Sticky { get; init; }

    /// <summary>Raised, it forgets what units were given: they are assigned anew.</summary>
    public int BucketVersion { get; init; }

    /// <summary>Units that were given a variant under a lower version take no part any more.</summary>
    public int MinBucketVersion { get; init; }

    /// <summary>Units of testers, who get a variant without taking part.</summary>
    public ImmutableArray<ForcedUnit> Forced { get; init; } = [];

    public ImmutableArray<Layer> Layers { get; init; } = [];

    /// <summary>As they stood at the start; a holdout neither changes nor stops before the experiments that respect it.</summary>
    public ImmutableArray<Holdout> Holdouts { get; init; } = [];

    public ImmutableArray<Prerequisite> Prerequisites { get; init; } = [];

    /// <summary>The pages that it runs on; empty: everywhere.</summary>
    public ImmutableArray<UrlPattern> UrlPatterns { get; init; } = [];

    /// <summary>When it runs; null: always.</summary>
    public Schedule? Schedule { get; init; }

    /// <summary>Evaluation records an exposure, wherever it happens.</summary>
    public bool RecordExposures { get; init; }

    /// <summary>After the stop: which variant is rolled out, and how far; null: none.</summary>
    public Served? Served { get; init; }

    /// <summary>The phase in force, the last one.</summary>
    public Phase CurrentPhase => Phases[^1];

    /// <summary>The first moment of membership.</summary>
    public long StartedMs => Phases[0].Periods[0].FromMs;

    /// <summary>The experiment with one more phase, whose period begins now while it is running; the last phase ends.</summary>
    public Experiment WithPhase(Phase phase, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(phase);
        var begun = phase with { Periods = Status == ExperimentStatus.Running ? [new Period(nowMs, 0)] : [] };
        return this with { Phases = Phases.SetItem(Phases.Length - 1, CurrentPhase.Closed(nowMs)).Add(begun) };
    }

    public int IndexOfVariant(string key)
    {
        for (var i = 0; i < Variants.Length; i++)
        {
            if (Variants[i].Key == key) return i;
        }

        return -1;
    }

    /// <summary>The phase whose recorded run holds this moment, or null: outside start, pauses and stop.</summary>
    public Phase? PhaseAt(long timeMs)
    {
        foreach (var phase in Phases)
        {
            foreach (var period in phase.Periods)
            {
                if (period.Contains(timeMs)) return phase;
            }
        }

        return null;
    }
}

/// <summary>Where a published experiment is in its life. Only one that runs takes units.</summary>
public enum ExperimentStatus
{
    Running = 1,
    Paused = 2,
    Completed = 3,

    /// <summary>Stopped for new units; what to do with the outcome is being decided.</summary>
    Deciding = 4,

    /// <summary>Stopped; a variant is served to a share of the units.</summary>
    RollingOut = 5,

    /// <summary>Stopped; everybody has the control.</summary>
    RolledBack = 6,

    /// <summary>As it was, and out of the way.</summary>
    Archived = 7,
}

/// <summary>The statuses as they are called on the wire.</summary>
public static class ExperimentStatuses
{
    public static string NameOf(ExperimentStatus status) => status switch
    {
        ExperimentStatus.RollingOut => "rolling_out",
        ExperimentStatus.RolledBack => "rolled_back",
        _ => status.ToString().ToLowerInvariant(),
    };
}

public enum AssignmentMode
{
    /// <summary>Variants come from our bucketing, so exposures can be checked against it.</summary>
    Platform = 1,

    /// <summary>Exposures declare their variant.</summary>
    External = 2,
}

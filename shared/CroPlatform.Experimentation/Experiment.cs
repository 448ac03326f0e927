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

    /// <summary>visitor, user, account or device.</summary>
    public string Unit { get; init; } = UnitTypes.Visitor;

    public required ExperimentStatus Status { get; init; }
    public AssignmentMode Assignment { get; init; } = AssignmentMode.Platform;

    /// <summary>2 to 20 variants.</summary>
    public required ImmutableArray<Variant> Variants { get; init; }

    /// <summary>Index of the control in <see cref="Variants"/>.</summary>
    public int Control { get; init; }

    public ImmutableArray<Metric> Metrics { get; init; } = [];
    public DecisionRule Decision { get; init; } = new();
    public required ImmutableArray<Phase> Phases { get; init; }
    public int AnalysisRevision { get; init; } = 1;

    /// <summary>When it was stopped, or 0.</summary>
    public long StoppedMs { get; init; }

    /// <summary>The phase in force, the last one.</summary>
    public Phase CurrentPhase => Phases[^1];

    /// <summary>The first moment of membership.</summary>
    public long StartedMs => Phases[0].Periods[0].FromMs;

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

public enum ExperimentStatus
{
    Running = 1,
    Paused = 2,
    Completed = 3,
}

public enum AssignmentMode
{
    /// <summary>Variants come from our bucketing, so exposures can be checked against it.</summary>
    Platform = 1,

    /// <summary>Exposures declare their variant.</summary>
    External = 2,
}

/// <param name="ConfigJson">A JSON value in UTF-8; empty if none.</param>
public sealed record Variant(string Key, string Name, ReadOnlyMemory<byte> ConfigJson = default);

public static class UnitTypes
{
    public const string Visitor = "visitor";
    public const string User = "user";
    public const string Account = "account";
    public const string Device = "device";

    public static bool IsKnown(string unitType) => unitType is Visitor or User or Account or Device;
}

/// <summary>A stretch of constant probabilities: weights, coverage, targeting and seed do not change in it.</summary>
public sealed record Phase
{
    /// <summary>0, 1, 2 …</summary>
    public required int Index { get; init; }

    /// <summary>One a variant, each 0 to 1, sum 1.</summary>
    public required ImmutableArray<double> Weights { get; init; }

    /// <summary>The share of units that take part, 0 to 1.</summary>
    public double Coverage { get; init; } = 1;

    public required string Seed { get; init; }

    /// <summary>The targeting condition as JSON in UTF-8; empty: everybody.</summary>
    public ReadOnlyMemory<byte> TargetingJson { get; init; }

    /// <summary>When it ran, in order, not overlapping.</summary>
    public required ImmutableArray<Period> Periods { get; init; }
}

/// <summary>A half-open stretch of time; <paramref name="ToMs"/> is 0 while it is open.</summary>
public readonly record struct Period(long FromMs, long ToMs)
{
    public bool Contains(long timeMs) => timeMs >= FromMs && (ToMs == 0 || timeMs < ToMs);
}

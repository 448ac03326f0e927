namespace CroPlatform.Experimentation;

/// <summary>A metric as it is pinned into an experiment when it starts.</summary>
public sealed record Metric
{
    public required string Key { get; init; }
    public string Name { get; init; } = "";
    public required MetricKind Kind { get; init; }

    /// <summary>The type of the events it counts.</summary>
    public required string Event { get; init; }

    /// <summary>The property that holds the value; empty: the event's own value.</summary>
    public string ValueProperty { get; init; } = "";

    /// <summary>A condition over the event as JSON in UTF-8; empty: every event of the type.</summary>
    public ReadOnlyMemory<byte> FilterJson { get; init; }

    /// <summary>Length of the window from the first exposure in hours; 0: until the experiment stops.</summary>
    public double WindowHours { get; init; }

    /// <summary>Upper bound of a unit's outcome, in units of 1e-4.</summary>
    public long? CapE4 { get; init; }

    /// <summary>True where a lower outcome is the better one.</summary>
    public bool Decrease { get; init; }

    public bool Guardrail { get; init; }

    /// <summary>Non-inferiority margin as a relative lift: 0.01 is 1 %.</summary>
    public double Margin { get; init; }

    /// <summary>Weight in the overall criterion.</summary>
    public double Weight { get; init; } = 1;
}

/// <summary>How a unit's events become its outcome.</summary>
public enum MetricKind
{
    /// <summary>1 if the unit has at least one such event in the window, else 0.</summary>
    Conversion = 1,

    /// <summary>How many such events the unit has.</summary>
    Count = 2,

    /// <summary>The sum of their values.</summary>
    Sum = 3,
}

/// <summary>How an experiment is judged, fixed at its start.</summary>
public sealed record DecisionRule
{
    public DecisionMethod Method { get; init; } = DecisionMethod.Fixed;

    /// <summary>0.5 to 0.9999.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>The least relative lift worth shipping: 0.01 is 1 %.</summary>
    public double MinEffect { get; init; }

    /// <summary>Units that each arm needs before a verdict.</summary>
    public long MinSample { get; init; }

    public double MinDays { get; init; }

    /// <summary>The fixed horizon in days; 0: the experiment's stop is the horizon.</summary>
    public double MaxDays { get; init; }
}

public enum DecisionMethod
{
    /// <summary>One look, at the horizon.</summary>
    Fixed = 1,
}

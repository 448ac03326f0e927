namespace CroPlatform.Experimentation;

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

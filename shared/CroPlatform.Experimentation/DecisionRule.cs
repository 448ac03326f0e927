namespace CroPlatform.Experimentation;

/// <summary>How an experiment is judged, fixed at its start.</summary>
public sealed record DecisionRule
{
    public const int DefaultLooks = 5;
    public const double DefaultMaxLoss = 0.0025;

    public DecisionMethod Method { get; init; } = DecisionMethod.AlwaysValid;
    public WinnerRule Rule { get; init; } = WinnerRule.RiskAware;

    /// <summary>0.5 to 0.9999.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>The least relative lift worth shipping: 0.01 is 1 %.</summary>
    public double MinEffect { get; init; }

    /// <summary>Units that each arm needs before a verdict.</summary>
    public long MinSample { get; init; }

    /// <summary>Units in each arm at the last look of a group-sequential test.</summary>
    public long MaxSample { get; init; }

    public double MinDays { get; init; }

    /// <summary>The horizon in days; 0: the experiment's stop is the horizon.</summary>
    public double MaxDays { get; init; }

    /// <summary>Looks of a group-sequential test, equally far apart in units.</summary>
    public int Looks { get; init; } = DefaultLooks;

    /// <summary>Of a Bayesian test: the expected loss that may be risked, as a share of the control's mean.</summary>
    public double MaxLoss { get; init; } = DefaultMaxLoss;
}

public enum DecisionMethod
{
    /// <summary>One look, at the horizon.</summary>
    Fixed = 1,

    /// <summary>A confidence sequence: valid at any time.</summary>
    AlwaysValid = 2,

    /// <summary>A few looks at planned numbers of units, by alpha spending.</summary>
    GroupSequential = 3,

    /// <summary>Posterior probability and expected loss; keeps no error rate.</summary>
    Bayesian = 4,
}

public enum WinnerRule
{
    /// <summary>One success metric better, every guardrail not inferior, nothing worse.</summary>
    RiskAware = 1,

    /// <summary>The weighted sum of the success metrics' lifts is above 0, every guardrail not inferior.</summary>
    Criterion = 2,
}

/// <summary>Methods and rules as they are called on the wire.</summary>
public static class DecisionNames
{
    private static readonly (string Name, DecisionMethod Method)[] Methods =
    [
        ("fixed", DecisionMethod.Fixed),
        ("always_valid", DecisionMethod.AlwaysValid),
        ("group_sequential", DecisionMethod.GroupSequential),
        ("bayesian", DecisionMethod.Bayesian),
    ];

    /// <summary>Null for a name that is none.</summary>
    public static DecisionMethod? ParseMethod(string name) => Methods.Where(m => m.Name == name).Select(m => (DecisionMethod?)m.Method).FirstOrDefault();

    public static string NameOf(DecisionMethod method) => Methods.Single(m => m.Method == method).Name;

    /// <summary>Null for a name that is none.</summary>
    public static WinnerRule? ParseRule(string name) => name switch
    {
        "risk_aware" => WinnerRule.RiskAware,
        "criterion" => WinnerRule.Criterion,
        _ => null,
    };

    public static string NameOf(WinnerRule rule) => rule == WinnerRule.Criterion ? "criterion" : "risk_aware";
}

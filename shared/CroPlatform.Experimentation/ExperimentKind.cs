namespace CroPlatform.Experimentation;

/// <summary>What an experiment is for. All are assigned by the same rules; a kind says what it must have and how it is judged.</summary>
public enum ExperimentKind
{
    /// <summary>2 to 20 variants against each other.</summary>
    Ab = 1,

    /// <summary>Each variant is a combination of the levels of 2 to 6 factors.</summary>
    Multivariate = 2,

    /// <summary>Weights move to the better variants.</summary>
    Bandit = 3,

    /// <summary>Each variant is a page of its own.</summary>
    SplitUrl = 4,

    /// <summary>Each variant changes several pages of a way through the site.</summary>
    Journey = 5,

    /// <summary>Off or on, by coverage.</summary>
    Rollout = 6,

    /// <summary>A share of units that other experiments leave alone.</summary>
    Holdout = 7,

    /// <summary>Equal variants, to test the platform itself.</summary>
    Aa = 8,
}

/// <summary>The kinds as they are called on the wire.</summary>
public static class ExperimentKinds
{
    private static readonly (string Name, ExperimentKind Kind)[] All =
    [
        ("ab", ExperimentKind.Ab),
        ("multivariate", ExperimentKind.Multivariate),
        ("bandit", ExperimentKind.Bandit),
        ("split_url", ExperimentKind.SplitUrl),
        ("journey", ExperimentKind.Journey),
        ("rollout", ExperimentKind.Rollout),
        ("holdout", ExperimentKind.Holdout),
        ("aa", ExperimentKind.Aa),
    ];

    public static IEnumerable<string> Names => All.Select(k => k.Name);

    /// <summary>Null for a name that is none.</summary>
    public static ExperimentKind? Parse(string name) => All.Where(k => k.Name == name).Select(k => (ExperimentKind?)k.Kind).FirstOrDefault();

    public static string NameOf(ExperimentKind kind) => All.Single(k => k.Kind == kind).Name;
}

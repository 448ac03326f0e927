using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <summary>A metric as it is pinned into an experiment when it starts.</summary>
public sealed record Metric
{
    /// <summary>How long before its exposure a unit's own facts serve as its covariate, unless the metric says otherwise.</summary>
    public const int DefaultCovariateDays = 14;

    private const long DayMs = 86_400_000;

    public required string Key { get; init; }
    public string Name { get; init; } = "";
    public required MetricKind Kind { get; init; }

    /// <summary>The type of the events it counts; of a ratio, those of the numerator; of a funnel, those of the last step.</summary>
    public required string Event { get; init; }

    /// <summary>The property that holds the value; empty: the event's own value.</summary>
    public string ValueProperty { get; init; } = "";

    /// <summary>What each event adds: its value, or 1. A ratio says it for its numerator here.</summary>
    public TermValue Value { get; init; } = TermValue.Value;

    /// <summary>A ratio's other part; null for all other kinds.</summary>
    public MetricTerm? Denominator { get; init; }

    /// <summary>Of a quantile: which one, above 0 and below 1.</summary>
    public double Quantile { get; init; }

    /// <summary>Of retention: the day on which a unit must come back, 1 or more; a day is 24 hours, day 0 begins with the exposure.</summary>
    public int Day { get; init; }

    /// <summary>Of a duration: the event it begins with; empty: the exposure.</summary>
    public string StartEvent { get; init; } = "";

    /// <summary>Of a conversion that is a funnel: what a unit must do, in this order; empty for all others.</summary>
    public ImmutableArray<MetricStep> Steps { get; init; } = [];

    /// <summary>Days before the exposure whose facts give the covariate, 0 to 14; 0: none is taken.</summary>
    public int CovariateDays { get; init; } = DefaultCovariateDays;

    /// <summary>A condition over the event as JSON in UTF-8; empty: every event of the type.</summary>
    public ReadOnlyMemory<byte> FilterJson { get; init; }

    /// <summary>Length of the window from the first exposure in hours; 0: until the experiment stops.</summary>
    public double WindowHours { get; init; }

    /// <summary>Upper bound of a unit's outcome, in units of 1e-4.</summary>
    public long? CapE4 { get; init; }

    /// <summary>Above 0.5 and below 1: <see cref="CapE4"/> is this percentile of the units' outcomes, once it is frozen; 0: the cap is given, or there is none.</summary>
    public double CapPercentile { get; init; }

    /// <summary>When it was added to the experiment while that ran, milliseconds since 1970; 0: it was there from the start.</summary>
    public long AddedMs { get; init; }

    /// <summary>
    /// Only units that were exposed from then on have an outcome, milliseconds since 1970; 0: all. Of a metric that was added when the events of
    /// the experiment's first days were not kept any more.
    /// </summary>
    public long CountsFromMs { get; init; }

    /// <summary>Not capped yet: too few units had an outcome to take the percentile of.</summary>
    public bool IsCapOpen => CapPercentile > 0 && CapE4 is null;

    /// <summary>True where a lower outcome is the better one.</summary>
    public bool Decrease { get; init; }

    public bool Guardrail { get; init; }

    /// <summary>Non-inferiority margin as a relative lift: 0.01 is 1 %.</summary>
    public double Margin { get; init; }

    /// <summary>Weight in the overall criterion.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Outcomes of 0 and 1.</summary>
    public bool IsBinary => Kind is MetricKind.Conversion or MetricKind.Retention;

    /// <summary>Whether a unit's facts from before its exposure are kept beside its outcome, for CUPED.</summary>
    public bool HasCovariate => CovariateDays > 0 && Steps.IsEmpty
        && Kind is MetricKind.Conversion or MetricKind.Count or MetricKind.Sum or MetricKind.Mean or MetricKind.Retention;

    /// <summary>The types of all events that it reads, some perhaps twice.</summary>
    public IEnumerable<string> Events
    {
        get
        {
            yield return Event;
            if (Denominator is { } denominator) yield return denominator.Event;
            if (StartEvent.Length > 0) yield return StartEvent;
            foreach (var step in Steps) yield return step.Event;
        }
    }

    /// <summary>How long after its exposure a unit's outcome can still change, in milliseconds; null: until the experiment stops.</summary>
    public long? MaturesAfterMs => Kind == MetricKind.Retention ? (Day + 1L) * DayMs : WindowHours > 0 ? (long)(WindowHours * 3_600_000) : null;
}

/// <summary>One part of a ratio.</summary>
/// <param name="FilterJson">A condition over the event as JSON in UTF-8; empty: every event of the type.</param>
public sealed record MetricTerm(string Event, string ValueProperty, ReadOnlyMemory<byte> FilterJson, TermValue Value);

/// <summary>One step of a funnel.</summary>
/// <param name="FilterJson">A condition over the event as JSON in UTF-8; empty: every event of the type.</param>
public sealed record MetricStep(string Event, ReadOnlyMemory<byte> FilterJson);

/// <summary>What an event adds to a sum.</summary>
public enum TermValue
{
    /// <summary>Its value, nothing if it has none.</summary>
    Value = 1,

    /// <summary>1.</summary>
    One = 2,

    /// <summary>Its value, 1 if it has none.</summary>
    ValueOrOne = 3,
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

    /// <summary>The mean of their values, rounded half to even to 1e-4; a unit without a value has no outcome.</summary>
    Mean = 4,

    /// <summary>A sum over another one, both over all units of an arm.</summary>
    Ratio = 5,

    /// <summary>A quantile of the values of all events of an arm, which cluster by unit.</summary>
    Quantile = 6,

    /// <summary>Seconds from the exposure, or from the first event of another type, to the first such event; a unit without it has no outcome.</summary>
    Duration = 7,

    /// <summary>1 if the unit has such an event on the given day after its exposure, else 0.</summary>
    Retention = 8,
}

/// <summary>The kinds as they are called on the wire.</summary>
public static class MetricKinds
{
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetNames<MetricKind>().Select(n => n.ToLowerInvariant())];

    /// <summary>Null for a name that is none.</summary>
    public static MetricKind? Parse(string name) => Names.Contains(name) ? Enum.Parse<MetricKind>(name, ignoreCase: true) : null;

    public static string NameOf(MetricKind kind) => kind.ToString().ToLowerInvariant();
}

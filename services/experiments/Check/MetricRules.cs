using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>Whether a metric can be counted as it is defined; every kind has its own fields, and a field of another kind is refused.</summary>
internal static class MetricRules
{
    private const int MinSteps = 2;
    private const int MaxSteps = 10;

    public static IReadOnlyList<FieldProblem> Check(MetricRequest request)
    {
        var problems = new FieldProblems();
        problems.Key(request.Key, "key");
        problems.Text(request.Name, "name", 200);
        problems.Text(request.Description, "description", 4_000);
        problems.Tags(request.Tags, "tags");
        if (request.Direction is null) problems.Missing("direction");
        else if (request.Direction is not ("increase" or "decrease")) problems.Add("out_of_range", "direction", "direction must be increase or decrease");
        problems.Condition(request.Filter, "filter");
        problems.Text(request.ValueProperty, "value_property", 200);
        problems.Range(request.WindowHours, "window_hours", 0.01, 8_784);
        if (request.Cap is <= 0 or > 1_000_000_000) problems.Add("out_of_range", "cap", "cap must lie above 0 and at most 1e9");
        if (request.CapPercentile is { } percentile && !(percentile is > 0.5 and < 1)) problems.Add("out_of_range", "cap_percentile", "cap_percentile must lie above 0.5 and below 1");
        problems.Refuse(request is { Cap: not null, CapPercentile: not null }, "cap_percentile", "a metric has one cap: give cap or cap_percentile");
        problems.Range(request.Margin, "margin", 0, 1);
        problems.Range(request.CovariateDays, "covariate_days", 0, Metric.DefaultCovariateDays);
        if (request.Kind is null) problems.Missing("kind");
        else if (MetricKinds.Parse(request.Kind) is not { } kind) problems.Add("out_of_range", "kind", $"kind must be one of {string.Join(", ", MetricKinds.Names)}");
        else CheckKind(kind, request, problems);
        return problems.All;
    }

    private static void CheckKind(MetricKind kind, MetricRequest request, FieldProblems problems)
    {
        var isRatio = kind == MetricKind.Ratio;
        var isFunnel = kind == MetricKind.Conversion && request.Steps is not null;
        Event(request.Event, "event", isNeeded: !isRatio && !isFunnel, problems);
        problems.Refuse(isRatio && request.Event is not null, "event", "a ratio names its events in numerator and denominator");
        problems.Refuse(isFunnel && request.Event is not null, "event", "a funnel names its events in steps");
        problems.Refuse(isRatio && request.ValueProperty is not null, "value_property", "a ratio names its values in numerator and denominator");
        problems.Refuse(isFunnel && request.Filter is not null, "filter", "a funnel's steps have filters of their own");
        Only(request.Numerator, "numerator", MetricKind.Ratio);
        Only(request.Denominator, "denominator", MetricKind.Ratio);
        Only(request.Q, "q", MetricKind.Quantile);
        Only(request.Day, "day", MetricKind.Retention);
        Only(request.StartEvent, "start_event", MetricKind.Duration);
        Only(request.Steps, "steps", MetricKind.Conversion);
        problems.Refuse(kind == MetricKind.Retention && request.WindowHours is not null, "window_hours", "retention looks at a day of its own");
        problems.Refuse(kind is MetricKind.Conversion or MetricKind.Retention && request.Cap is not null, "cap", "an outcome of 0 or 1 has no cap");
        problems.Refuse(
            kind is MetricKind.Conversion or MetricKind.Retention or MetricKind.Quantile && request.CapPercentile is not null,
            "cap_percentile", "percentile caps are taken for count, sum, mean, ratio and duration");
        if (request.CovariateDays is > 0 && (isFunnel || kind is MetricKind.Ratio or MetricKind.Quantile or MetricKind.Duration))
        {
            problems.Add("not_supported", "covariate_days", "covariates are taken for conversion (without steps), count, sum, mean and retention");
        }

        if (isRatio)
        {
            Term(request.Numerator, "numerator", problems);
            Term(request.Denominator, "denominator", problems);
        }

        if (kind == MetricKind.Quantile && request.Q is null) problems.Missing("q");
        if (request.Q is { } q && !(q is > 0 and < 1)) problems.Add("out_of_range", "q", "q must lie between 0 and 1, both excluded");
        if (kind == MetricKind.Retention && request.Day is null) problems.Missing("day");
        problems.Range(request.Day, "day", 1, 365);
        Event(request.StartEvent, "start_event", isNeeded: false, problems);
        if (isFunnel) Steps(request.Steps!, problems);

        void Only(object? value, string field, MetricKind its) =>
            problems.Refuse(value is not null && kind != its, field, $"{field} belongs to metrics of the kind {MetricKinds.NameOf(its)}");
    }

    private static void Term(MetricTermRequest? term, string field, FieldProblems problems)
    {
        if (term is null)
        {
            problems.Missing(field);
            return;
        }

        Event(term.Event, $"{field}.event", isNeeded: true, problems);
        problems.Text(term.ValueProperty, $"{field}.value_property", 200);
        problems.Condition(term.Filter, $"{field}.filter");
        if (term.Aggregation is not (null or "sum" or "count")) problems.Add("out_of_range", $"{field}.aggregation", "aggregation must be sum or count");
        problems.Refuse(term is { Aggregation: "count", ValueProperty: not null }, $"{field}.value_property", "what is counted needs no value");
    }

    private static void Steps(IReadOnlyList<MetricStepRequest?> steps, FieldProblems problems)
    {
        if (steps.Count is < MinSteps or > MaxSteps) problems.Add("out_of_range", "steps", $"a funnel has {MinSteps} to {MaxSteps} steps");
        for (var i = 0; i < steps.Count; i++)
        {
            Event(steps[i]?.Event, $"steps[{i}].event", isNeeded: true, problems);
            problems.Condition(steps[i]?.Filter, $"steps[{i}].filter");
        }
    }

    private static void Event(string? type, string field, bool isNeeded, FieldProblems problems)
    {
        if (isNeeded && string.IsNullOrEmpty(type)) problems.Missing(field);
        problems.Text(type, field, 64);
    }
}

using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class MetricRules
{
    public static IReadOnlyList<FieldProblem> Check(MetricRequest request)
    {
        var problems = new FieldProblems();
        problems.Key(request.Key, "key");
        problems.Text(request.Name, "name", 200);
        problems.Text(request.Description, "description", 4_000);
        problems.Tags(request.Tags, "tags");
        if (request.Kind is null) problems.Missing("kind");
        else if (KindOf(request.Kind) is null) problems.NotSupported("kind", "kind must be conversion, count or sum");
        if (string.IsNullOrEmpty(request.Event)) problems.Missing("event");
        problems.Text(request.Event, "event", 64);
        problems.Text(request.ValueProperty, "value_property", 200);
        problems.Condition(request.Filter, "filter");
        problems.Range(request.WindowHours, "window_hours", 0.01, 8_784);
        if (request.Cap is <= 0 or > 1_000_000_000) problems.Add("out_of_range", "cap", "cap must lie above 0 and at most 1e9");
        if (request.Direction is null) problems.Missing("direction");
        else if (request.Direction is not ("increase" or "decrease")) problems.Add("out_of_range", "direction", "direction must be increase or decrease");
        problems.Range(request.Margin, "margin", 0, 1);
        return problems.All;
    }

    /// <summary>The definition that an experiment pins.</summary>
    public static Metric ToMetric(MetricRequest request, double? weight)
    {
        long? cap = request.Cap is { } amount && Scaled.TryFrom(amount, out var scaled) ? scaled : null;
        return new Metric
        {
            Key = request.Key!,
            Name = request.Name ?? request.Key!,
            Kind = KindOf(request.Kind!)!.Value,
            Event = request.Event!,
            ValueProperty = request.ValueProperty ?? "",
            FilterJson = request.Filter is { } filter ? JsonSerializer.SerializeToUtf8Bytes(filter) : ReadOnlyMemory<byte>.Empty,
            WindowHours = request.WindowHours ?? 0,
            CapE4 = cap,
            Decrease = request.Direction == "decrease",
            Guardrail = request.Guardrail ?? false,
            Margin = request.Margin ?? 0,
            Weight = weight ?? 1,
        };
    }

    private static MetricKind? KindOf(string kind) => kind switch
    {
        "conversion" => MetricKind.Conversion,
        "count" => MetricKind.Count,
        "sum" => MetricKind.Sum,
        _ => null,
    };
}

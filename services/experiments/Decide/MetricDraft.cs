using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>A checked metric as the model that an experiment pins. Pure.</summary>
internal static class MetricDraft
{
    public static Metric ToMetric(MetricRequest request, double? weight)
    {
        var steps = (request.Steps ?? []).Select(s => new MetricStep(s!.Event!, Json(s.Filter))).ToList();
        return new Metric
        {
            Key = request.Key!,
            Name = request.Name ?? request.Key!,
            Kind = MetricKinds.Parse(request.Kind!)!.Value,
            Event = request.Numerator?.Event ?? (steps.Count > 0 ? steps[^1].Event : request.Event!),
            ValueProperty = request.Numerator?.ValueProperty ?? request.ValueProperty ?? "",
            Value = request.Numerator is { } numerator ? ValueOf(numerator, TermValue.ValueOrOne) : TermValue.Value,
            FilterJson = Json(request.Numerator?.Filter ?? request.Filter),
            Denominator = request.Denominator is { } term
                ? new MetricTerm(term.Event!, term.ValueProperty ?? "", Json(term.Filter ?? request.Filter), ValueOf(term, TermValue.One))
                : null,
            Quantile = request.Q ?? 0,
            Day = request.Day ?? 0,
            StartEvent = request.StartEvent ?? "",
            Steps = [.. steps],
            CovariateDays = request.CovariateDays ?? Metric.DefaultCovariateDays,
            WindowHours = request.WindowHours ?? 0,
            CapE4 = request.Cap is { } amount && Scaled.TryFrom(amount, out var scaled) ? scaled : null,
            CapPercentile = request.CapPercentile ?? 0,
            Decrease = request.Direction == "decrease",
            Guardrail = request.Guardrail ?? false,
            Margin = request.Margin ?? 0,
            Weight = weight ?? 1,
        };
    }

    /// <param name="other">Where the term says nothing: purchases per visit sum what purchases are worth and count visits.</param>
    private static TermValue ValueOf(MetricTermRequest term, TermValue other) => term switch
    {
        { Aggregation: "count" } => TermValue.One,
        { Aggregation: "sum" } or { ValueProperty.Length: > 0 } => TermValue.Value,
        _ => other,
    };

    private static ReadOnlyMemory<byte> Json(JsonElement? value) =>
        value is { } json ? JsonSerializer.SerializeToUtf8Bytes(json) : ReadOnlyMemory<byte>.Empty;
}

using System.Text.Json;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Reporting.Serve;

/// <summary>What the page is told: <c>{"type": "experiment" | "results" | "live", …}</c>.</summary>
internal static class PageMessage
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static byte[] Experiment(Experiment experiment) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            Type = "experiment",
            experiment.Key,
            experiment.Name,
            Status = ExperimentStatuses.NameOf(experiment.Status),
            experiment.StartedMs,
            experiment.StoppedMs,
            Confidence = experiment.Decision.Confidence,
        },
        Json);

    public static byte[] Results(ExperimentResults results)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "results");
            writer.WriteString("key", results.Experiment);
            writer.WritePropertyName("results");
            writer.WriteRawValue(results.ResultsJson.Span, skipInputValidation: true);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    public static byte[] Live(LiveCounters counters) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            Type = "live",
            Key = counters.Experiment,
            Variants = counters.Variants.Select(v => new { v.Key, v.Units, Metrics = v.Metrics.Select(m => new { m.Key, m.Sum }) }),
        },
        Json);
}

using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>An experiment as the API shows it: what was asked for, completed by defaults, and where it stands.</summary>
internal sealed record ExperimentView
{
    public required string Key { get; init; }
    public required string Name { get; init; }
    public string? Hypothesis { get; init; }
    public required string Status { get; init; }
    public required int Version { get; init; }
    public required string Unit { get; init; }
    public required string Assignment { get; init; }
    public required double Coverage { get; init; }
    public JsonElement? Targeting { get; init; }
    public required string Seed { get; init; }
    public required IReadOnlyList<VariantRequest> Variants { get; init; }
    public required IReadOnlyList<MetricReference> Metrics { get; init; }
    public required DecisionRequest Decision { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? StoppedAt { get; init; }

    public static ExperimentView Of(StoredExperiment stored)
    {
        var definition = stored.Definition;
        var variants = definition.Variants!;
        var control = Math.Max(0, variants.ToList().FindIndex(v => v!.Control == true));
        var decision = definition.Decision ?? new DecisionRequest();
        return new ExperimentView
        {
            Key = stored.Key,
            Name = definition.Name ?? stored.Key,
            Hypothesis = definition.Hypothesis,
            Status = stored.Status,
            Version = stored.Published?.Version ?? 0,
            Unit = definition.Unit ?? "visitor",
            Assignment = definition.Assignment ?? "platform",
            Coverage = definition.Coverage ?? 1,
            Targeting = definition.Targeting,
            Seed = string.IsNullOrEmpty(definition.Seed) ? stored.Key : definition.Seed,
            Variants = [.. variants.Select((v, i) => v! with { Name = v.Name ?? v.Key, Weight = v.Weight ?? 1.0 / variants.Count, Control = i == control })],
            Metrics = [.. definition.Metrics!.Select(m => m! with { Weight = m.Weight ?? 1 })],
            Decision = new DecisionRequest
            {
                Method = decision.Method ?? "fixed",
                Confidence = decision.Confidence ?? 0.95,
                MinEffect = decision.MinEffect ?? 0,
                MinSample = decision.MinSample ?? 0,
                MinDays = decision.MinDays ?? 0,
                MaxDays = decision.MaxDays ?? 0,
            },
            CreatedAt = stored.CreatedAt,
            StartedAt = stored.StartedAt,
            StoppedAt = stored.StoppedAt,
        };
    }
}

using System.Text.Json;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;
using Npgsql;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>An experiment as the API shows it: what was asked for, completed by defaults, and where it stands.</summary>
internal sealed record ExperimentView
{
    public required string Key { get; init; }
    public required string Name { get; init; }
    public string? Hypothesis { get; init; }
    public required string Status { get; init; }
    public required int Version { get; init; }
    public required string Kind { get; init; }
    public required string Unit { get; init; }
    public required string Assignment { get; init; }
    public required double Coverage { get; init; }
    public JsonElement? Targeting { get; init; }
    public required string Seed { get; init; }
    public required IReadOnlyList<VariantRequest> Variants { get; init; }
    public IReadOnlyList<FactorRequest?>? Factors { get; init; }
    public required IReadOnlyList<MetricReference> Metrics { get; init; }
    public required DecisionRequest Decision { get; init; }
    public bool Sticky { get; init; }
    public int BucketVersion { get; init; }
    public int MinBucketVersion { get; init; }
    public IReadOnlyList<ForcedRequest?>? Forced { get; init; }

    /// <summary>As asked for; once started, with the ranges that were taken.</summary>
    public IReadOnlyList<LayerRequest?>? Layers { get; init; }
    public double? Holdout { get; init; }
    public IReadOnlyList<string?>? Holdouts { get; init; }
    public IReadOnlyList<PrerequisiteRequest?>? Prerequisites { get; init; }
    public IReadOnlyList<UrlPatternRequest?>? UrlPatterns { get; init; }
    public ScheduleRequest? Schedule { get; init; }
    public bool RecordExposures { get; init; }
    public IReadOnlyList<string?> Tags { get; init; } = [];

    /// <summary>What is rolled out after the stop.</summary>
    public ServedView? Served { get; init; }

    /// <summary>Empty for a draft.</summary>
    public required IReadOnlyList<PhaseView> Phases { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? StoppedAt { get; init; }

    /// <summary>When the status was entered.</summary>
    public required DateTimeOffset EnteredAt { get; init; }

    /// <summary>Goes up with every change; the ETag is made of it.</summary>
    public required long Revision { get; init; }

    /// <summary>Goes up with every change that an approval would not be good for any more.</summary>
    public required int DefinitionRevision { get; init; }

    /// <summary>1, and one more with every change of metrics while it ran.</summary>
    public int? AnalysisRevision { get; init; }

    /// <summary>Metrics that were added while it ran, and since when they are counted; null: there are none.</summary>
    public IReadOnlyList<AddedMetricView>? AddedMetrics { get; init; }
    public string? CreatedBy { get; init; }

    /// <summary>Who changed the definition last.</summary>
    public string? EditedBy { get; init; }

    /// <summary>When it is to start and to stop.</summary>
    public Plan? Planned { get; init; }

    /// <summary>The approval of the present definition; absent in lists.</summary>
    public ApprovalView? Approval { get; init; }

    /// <summary>The latest changes, the newest first; absent in lists.</summary>
    public IReadOnlyList<HistoryEntry>? History { get; init; }

    /// <summary>With its approval and its history.</summary>
    public static async Task<ExperimentView> WithHistoryAsync(NpgsqlConnection db, string site, StoredExperiment stored) => Of(stored) with
    {
        Approval = await GovernanceStore.ApprovalAsync(db, site, stored) is { } review ? new ApprovalView(review.Actor, review.At, review.Comment) : null,
        History = await ExperimentStore.HistoryAsync(db, site, stored.Key),
    };

    public static ExperimentView Of(StoredExperiment stored)
    {
        var definition = stored.Definition;
        var variants = definition.Variants!;
        var control = Math.Max(0, variants.ToList().FindIndex(v => v!.Control == true));
        var phase = stored.Published?.CurrentPhase;
        return new ExperimentView
        {
            Key = stored.Key,
            Name = definition.Name ?? stored.Key,
            Hypothesis = definition.Hypothesis,
            Status = stored.Status,
            Version = stored.Published?.Version ?? 0,
            Kind = definition.Kind ?? "ab",
            Unit = definition.Unit ?? "visitor",
            Assignment = definition.Assignment ?? "platform",
            Coverage = phase?.Coverage ?? definition.Coverage ?? 1,
            Targeting = phase is null ? definition.Targeting : PhaseView.Json(phase.TargetingJson),
            Seed = phase?.Seed ?? (string.IsNullOrEmpty(definition.Seed) ? stored.Key : definition.Seed),
            Variants = [.. variants.Select((v, i) => v! with
            {
                Name = v.Name ?? v.Key,
                Weight = phase?.Weights[i] ?? v.Weight ?? 1.0 / variants.Count,
                Control = i == control,
            })],
            Factors = definition.Factors,
            Metrics = [.. definition.Metrics!.Select(m => m! with { Weight = m.Weight ?? 1 })],
            Decision = DecisionRules.Show(stored.Published?.Decision ?? DecisionRules.ToRule(definition.Decision)),
            Sticky = definition.Sticky ?? definition.Kind == "bandit",
            BucketVersion = definition.BucketVersion ?? 0,
            MinBucketVersion = definition.MinBucketVersion ?? 0,
            Forced = definition.Forced,
            Layers = stored.Published is { } published
                ? [.. published.Layers.Select(l => new LayerRequest { Key = l.Key, Ranges = [.. l.Ranges.Select(r => (double[])[r.Start, r.End])] })]
                : definition.Layers,
            Holdout = definition.Holdout,
            Holdouts = definition.Holdouts,
            Prerequisites = definition.Prerequisites,
            UrlPatterns = definition.UrlPatterns,
            Schedule = definition.Schedule,
            RecordExposures = definition.RecordExposures ?? false,
            Tags = definition.Tags ?? [],
            Served = stored.Published?.Served is { } served ? new ServedView(served.Variant, served.Share) : null,
            Phases = [.. (stored.Published?.Phases ?? []).Select(p => PhaseView.Of(stored.Published!, p))],
            CreatedAt = stored.CreatedAt,
            StartedAt = stored.StartedAt,
            StoppedAt = stored.StoppedAt,
            EnteredAt = stored.EnteredAt,
            Revision = stored.Revision,
            DefinitionRevision = stored.DefinitionRevision,
            AnalysisRevision = stored.Published?.AnalysisRevision,
            AddedMetrics = stored.Published?.Metrics.Where(m => m.AddedMs > 0).Select(AddedMetricView.Of).ToList() is { Count: > 0 } added ? added : null,
            CreatedBy = stored.CreatedBy,
            EditedBy = stored.EditedBy,
            Planned = stored.Plan,
        };
    }
}

/// <param name="Counted">refolded: over all units, from the facts that were kept; from_now: over units exposed from then on.</param>
/// <param name="From">Of from_now: since when.</param>
internal sealed record AddedMetricView(string Key, DateTimeOffset AddedAt, string Counted, DateTimeOffset? From)
{
    public static AddedMetricView Of(Experimentation.Metric metric) => new(
        metric.Key,
        DateTimeOffset.FromUnixTimeMilliseconds(metric.AddedMs),
        metric.CountsFromMs > 0 ? "from_now" : "refolded",
        metric.CountsFromMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(metric.CountsFromMs) : null);
}

/// <param name="By">Who approved.</param>
internal sealed record ApprovalView(string By, DateTimeOffset At, string? Comment);

using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>A checked draft as the model of an experiment's first version. Pure.</summary>
internal static class Draft
{
    /// <param name="timeZone">The site's, for a schedule that names none.</param>
    public static Experiment ToExperiment(
        string site, string timeZone, ExperimentRequest draft, IReadOnlyList<MetricRequest> metrics, Placement placement, long nowMs)
    {
        var variants = draft.Variants!.Select(v => v!).ToList();
        var kind = ExperimentKinds.Parse(draft.Kind ?? "ab")!.Value;
        return new Experiment
        {
            Site = site,
            Key = draft.Key!,
            Version = 1,
            EffectiveMs = nowMs,
            Name = draft.Name ?? draft.Key!,
            Hypothesis = draft.Hypothesis ?? "",
            Kind = kind,
            Unit = draft.Unit ?? UnitTypes.Visitor,
            Status = ExperimentStatus.Running,
            Assignment = draft.Assignment == "external" ? AssignmentMode.External : AssignmentMode.Platform,
            Variants = [.. variants.Select(v => ToVariant(v, draft.Factors))],
            Control = Math.Max(0, variants.FindIndex(v => v.Control == true)),
            Factors = [.. (draft.Factors ?? []).Select(f => new Factor(f!.Key!, [.. f.Levels!.Select(l => new FactorLevel(l!.Key!, Json(l.Config)))]))],
            Metrics = [.. draft.Metrics!.Zip(metrics, (reference, metric) => MetricDraft.ToMetric(metric, reference!.Weight))],
            Decision = DecisionRules.ToRule(draft.Decision),
            Phases =
            [
                new Phase
                {
                    Index = 0,
                    Weights = [.. variants.Select(v => v.Weight ?? 1.0 / variants.Count)],
                    Coverage = draft.Coverage ?? 1,
                    Seed = string.IsNullOrEmpty(draft.Seed) ? draft.Key! : draft.Seed,
                    TargetingJson = Json(draft.Targeting),
                    Periods = [new Period(nowMs, 0)],
                },
            ],
            Sticky = draft.Sticky ?? kind == ExperimentKind.Bandit,
            BucketVersion = draft.BucketVersion ?? 0,
            MinBucketVersion = draft.MinBucketVersion ?? 0,
            Forced = [.. (draft.Forced ?? []).Select(f => new ForcedUnit(f!.UnitId!, f.Variant!))],
            Layers = placement.Layers,
            Holdouts = placement.Holdouts,
            Prerequisites = [.. (draft.Prerequisites ?? []).Select(p => new Prerequisite(p!.Experiment!, [.. p.Variants!.Select(v => v!)]))],
            UrlPatterns = [.. (draft.UrlPatterns ?? []).Select(p => new UrlPattern(MembershipRules.TypeOf(p!.Type)!.Value, p.Pattern!, p.Include ?? true))],
            Schedule = draft.Schedule is { } schedule ? ToSchedule(schedule, timeZone) : null,
            RecordExposures = draft.RecordExposures ?? false,
        };
    }

    private static Variant ToVariant(VariantRequest request, IReadOnlyList<FactorRequest?>? factors) => new(request.Key!, request.Name ?? request.Key!, Json(request.Config))
    {
        PageChanges = request.PageChanges is { } changes ? ToPageChanges(changes) : null,
        Levels = request.Levels is { } levels ? [.. factors!.Select(f => levels[f!.Key!]!)] : [],
    };

    private static PageChanges ToPageChanges(PageChangesRequest request)
    {
        var changes = (request.Changes ?? []).Select(c => new PageChange(
            c!.Selector!, PageChangeRules.ActionOf(c.Action)!.Value, c.Attribute!, c.Value ?? "", c.Url ?? ""));
        return new PageChanges([.. changes], request.Css ?? "", request.Redirect ?? "");
    }

    private static Schedule ToSchedule(ScheduleRequest request, string timeZone) => new()
    {
        FromMs = request.Start?.ToUnixTimeMilliseconds() ?? 0,
        ToMs = request.End?.ToUnixTimeMilliseconds() ?? 0,
        Days = request.Days is null ? [] : [.. request.Days.Order()],
        FromHour = request.Hours?[0] ?? 0,
        ToHour = request.Hours?[1] ?? 24,
        TimeZone = request.TimeZone ?? timeZone,
    };

    private static ReadOnlyMemory<byte> Json(JsonElement? value) =>
        value is { } json ? JsonSerializer.SerializeToUtf8Bytes(json) : ReadOnlyMemory<byte>.Empty;
}

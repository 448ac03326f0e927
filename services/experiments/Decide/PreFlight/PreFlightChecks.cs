using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide.Governance;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Decide.PreFlight;

/// <summary>All that is known of an experiment that is to start.</summary>
/// <param name="Metrics">Those that the definition names, in its order; null where there is none of that key any more.</param>
/// <param name="Others">Every experiment of the site.</param>
/// <param name="Traffic">Null: statistics does not answer.</param>
internal sealed record PreFlightInput(
    StoredExperiment Experiment,
    IReadOnlyList<MetricRequest?> Metrics,
    IReadOnlyList<StoredExperiment> Others,
    IReadOnlySet<string> SavedGroups,
    ApprovalRules Rules,
    TrafficEstimate? Traffic,
    DateTimeOffset Now);

/// <summary>Looks at everything that would keep an experiment from starting, or from telling anything. Pure.</summary>
internal static class PreFlightChecks
{
    private const double LongDays = 60;

    public static PreFlightReport Report(PreFlightInput input)
    {
        var definition = input.Experiment.Definition;
        var share = Risk.ShareOf(definition);
        var traffic = input.Traffic is { Units: > 0 } known
            ? new TrafficView(known.Units / known.Days, share, known.Units / known.Days * share, known.Days)
            : null;
        var power = definition.Kind is "rollout" or "holdout" ? [] : input.Metrics.OfType<MetricRequest>().Select(m => MetricDraft.ToMetric(m, null)).Where(m => !m.Guardrail)
            .Select(m => PowerPlanning.Of(definition, m, input.Traffic?.Metrics.FirstOrDefault(b => b.Key == m.Key), traffic?.ParticipantsPerDay)).ToList();
        var overlaps = Overlaps(definition, input.Others).ToList();
        var checks = Checks(input, share, traffic, power, overlaps).ToList();
        return new PreFlightReport(
            input.Experiment.Key, checks.TrueForAll(c => c.Level != "blocker"), input.Now, checks, traffic, power, overlaps, RiskScore.Of(input, share, power, overlaps));
    }

    private static IEnumerable<PreFlightCheck> Checks(
        PreFlightInput input, double share, TrafficView? traffic, IReadOnlyList<PowerView> power, IReadOnlyList<OverlapView> overlaps)
    {
        var definition = input.Experiment.Definition;
        if (input.Experiment.Status is not ("draft" or "in_review" or "scheduled")) yield return new("status", "info", $"it is {input.Experiment.Status}: it was started before");
        for (var i = 0; i < input.Metrics.Count; i++)
        {
            if (input.Metrics[i] is null) yield return new("unknown_metric", "blocker", $"there is no metric '{definition.Metrics![i]!.Key}'", $"metrics[{i}].key");
        }

        var faults = ExperimentRules.Check(definition).Concat(new[] { References.Check(definition, [.. input.Others.Where(o => o.Key != definition.Key)], input.SavedGroups) }.OfType<FieldProblem>());
        foreach (var fault in faults) yield return new(fault.Code, "blocker", fault.Message, fault.Field);
        if (Placement.Find(definition, input.Others).Problem is { } taken) yield return new(taken.Code, "blocker", taken.Message, taken.Field);
        foreach (var reason in Risk.Of(input.Rules, definition, share, input.Metrics.Any(m => m?.Guardrail == true)))
        {
            yield return new("approval_required", "warning", reason.Text);
        }

        if (input.Metrics.All(m => m?.Guardrail != true)) yield return new("no_guardrail", "warning", "none of its metrics is a guardrail: nothing would tell of harm", "metrics");
        if (string.IsNullOrWhiteSpace(definition.Hypothesis)) yield return new("no_hypothesis", "warning", "it has no hypothesis: what is to be learned?", "hypothesis");
        if (input.Traffic is null) yield return new("traffic_unknown", "warning", "statistics does not answer: power and days are not known");
        else if (traffic is null) yield return new("no_traffic", "warning", "the site had no traffic in the last days: power and days are not known");
        foreach (var metric in power.Where(p => p.Missing.TryGetValue("baseline", out var why) && why is "no_traffic" or "zero_baseline" && traffic is not null))
        {
            yield return new("metric_without_events", "warning", $"no unit of the last days counts anything for '{metric.Metric}': is its event right?", "metrics");
        }

        var slow = power.Where(p => p.Days > LongDays).ToList();
        if (slow.Count > 0)
        {
            yield return new("underpowered", "warning", FormattableString.Invariant(
                $"'{slow[0].Metric}' needs {slow[0].Days:0} days to find a relative effect of {slow[0].RelativeEffect:0.###}: plan for a larger one, more traffic, or another metric"));
        }

        foreach (var overlap in overlaps.Where(o => o.SharedMetrics.Count > 0))
        {
            yield return new("overlap", "info", FormattableString.Invariant(
                $"{overlap.Share:0.#%} of its units are in '{overlap.Experiment}', too, which also measures {string.Join(", ", overlap.SharedMetrics)}"));
        }

        if (definition.Schedule is { End: { } end } && end <= input.Now) yield return new("over", "blocker", "its schedule is over", "schedule.end");
    }

    /// <summary>Other experiments that run on the same units. Those in another part of the same layer, or held apart, share none.</summary>
    private static IEnumerable<OverlapView> Overlaps(ExperimentRequest definition, IReadOnlyList<StoredExperiment> others)
    {
        var unit = definition.Unit ?? UnitTypes.Visitor;
        var layers = (definition.Layers ?? []).Select(l => l!.Key).ToHashSet();
        var metrics = definition.Metrics!.Select(m => m!.Key).ToHashSet();
        foreach (var other in others.Where(o => o.Key != definition.Key && o.Status is "running" && o.Published is { Kind: not ExperimentKind.Holdout }))
        {
            var live = other.Published!;
            if (live.Unit != unit || live.Layers.Any(l => layers.Contains(l.Key))) continue;
            var theirs = live.Layers.Aggregate(live.CurrentPhase.Coverage, (share, layer) => share * layer.Ranges.Sum(r => r.End - r.Start));
            if (theirs > 0) yield return new OverlapView(other.Key, theirs, [.. live.Metrics.Select(m => m.Key).Where(metrics.Contains)]);
        }
    }
}

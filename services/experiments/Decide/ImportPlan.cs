using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>What a site has already, by keys.</summary>
internal sealed record SiteContents(
    IReadOnlyDictionary<string, MetricRequest> Metrics,
    IReadOnlyDictionary<string, SavedGroupRequest> SavedGroups,
    IReadOnlyDictionary<string, TemplateRequest> Templates,
    IReadOnlyList<StoredExperiment> Experiments);

/// <param name="Kind">metric, saved_group, template or experiment.</param>
/// <param name="Action">create, update, unchanged or refuse.</param>
/// <param name="Problem">Why it is refused.</param>
internal sealed record ImportStep(string Kind, string Key, string Action, FieldProblem? Problem = null);

/// <summary>
/// What an import would do, in the order in which it would: nothing is done unless all of it can be. Metrics, groups and templates are brought to
/// what the file says; experiments are made as drafts, or changed while they are drafts. Pure.
/// </summary>
internal sealed record ImportPlan(IReadOnlyList<ImportStep> Steps, IReadOnlyList<ExperimentRequest> Experiments)
{
    public FieldProblem? Problem => Steps.Select(s => s.Problem).FirstOrDefault(p => p is not null);

    public static ImportPlan Of(ExportFile file, SiteContents site)
    {
        var steps = new List<ImportStep>();
        foreach (var (metric, at) in Indexed(file.Metrics, "metrics"))
        {
            steps.Add(Step("metric", metric.Key, site.Metrics.GetValueOrDefault(metric.Key ?? ""), metric, MetricRules.Check(metric), at));
        }

        foreach (var (group, at) in Indexed(file.SavedGroups, "saved_groups"))
        {
            steps.Add(Step("saved_group", group.Key, site.SavedGroups.GetValueOrDefault(group.Key ?? ""), group, SavedGroupRules.Check(group), at));
        }

        foreach (var (template, at) in Indexed(file.Templates, "templates"))
        {
            var faults = TemplateRules.Check(template);
            if (template.Key is { } key && TemplateStore.IsReady(key)) faults = [new FieldProblem("conflict", "key", $"'{key}' is a ready template")];
            steps.Add(Step("template", template.Key, site.Templates.GetValueOrDefault(template.Key ?? ""), template, faults, at));
        }

        var experiments = new List<ExperimentRequest>();
        foreach (var (experiment, at) in InOrder(file))
        {
            var problems = new FieldProblems();
            var complete = VariantDesign.Complete(experiment, problems);
            var existing = site.Experiments.FirstOrDefault(e => e.Key == experiment.Key);
            var faults = problems.All.Concat(problems.All.Count > 0 ? [] : ExperimentRules.Check(complete)).ToList();
            if (faults.Count == 0) faults.AddRange(Unknown(complete, file, site));
            var step = Step("experiment", experiment.Key, existing?.Definition, complete, faults, at);
            if (step.Action == "update" && existing!.Status != "draft")
            {
                step = step with { Action = "refuse", Problem = new FieldProblem("conflict", at, $"experiment '{step.Key}' is {existing.Status}: only a draft can be changed by an import") };
            }

            steps.Add(step);
            experiments.Add(complete);
        }

        return new ImportPlan(steps, experiments);
    }

    private static ImportStep Step<T>(string kind, string? key, T? existing, T wanted, IReadOnlyList<FieldProblem> faults, string at)
        where T : class
    {
        if (faults.Count > 0) return new ImportStep(kind, key ?? "", "refuse", faults[0] with { Field = faults[0].Field is { } field ? $"{at}.{field}" : at });
        return new ImportStep(kind, key!, existing is null ? "create" : AreSame(existing, wanted) ? "unchanged" : "update");
    }

    private static bool AreSame<T>(T a, T b) =>
        JsonNode.DeepEquals(JsonSerializer.SerializeToNode(a, JsonBody.Options), JsonSerializer.SerializeToNode(b, JsonBody.Options));

    /// <summary>What the experiment names that neither the file nor the site has.</summary>
    private static IEnumerable<FieldProblem> Unknown(ExperimentRequest experiment, ExportFile file, SiteContents site)
    {
        for (var i = 0; i < experiment.Metrics!.Count; i++)
        {
            var key = experiment.Metrics[i]!.Key!;
            if (site.Metrics.ContainsKey(key) || file.Metrics?.Any(m => m?.Key == key) == true) continue;
            yield return new FieldProblem("unknown_metric", $"metrics[{i}].key", $"there is no metric '{key}'");
        }

        var groups = site.SavedGroups.Keys.Concat((file.SavedGroups ?? []).Select(g => g?.Key).OfType<string>()).ToHashSet();
        var fromFile = (file.Experiments ?? []).OfType<ExperimentRequest>().Where(e => e.Key is not null && e.Variants is not null).ToDictionary(e => e.Key!);
        var others = site.Experiments.Where(e => !fromFile.ContainsKey(e.Key)).Select(e => (e.Key, e.Definition)).Concat(fromFile.Select(e => (e.Key, e.Value)));
        if (References.Check(experiment, [.. others.Where(o => o.Key != experiment.Key).Select(o => new StoredExperiment(o.Key, o.Item2, "draft", null, default, null, null))], groups) is { } problem) yield return problem;
    }

    /// <summary>Holdouts and prerequisites before those that name them; in a circle, as they stand.</summary>
    private static IEnumerable<(ExperimentRequest Experiment, string At)> InOrder(ExportFile file)
    {
        var waiting = Indexed(file.Experiments, "experiments").ToList();
        while (waiting.Count > 0)
        {
            var keys = waiting.Select(w => w.Item.Key).ToHashSet();
            var next = waiting.Find(w => !Named(w.Item).Any(n => n != w.Item.Key && keys.Contains(n)));
            if (next.Item is null) next = waiting[0];
            waiting.Remove(next);
            yield return next;
        }
    }

    private static IEnumerable<string?> Named(ExperimentRequest experiment) =>
        (experiment.Holdouts ?? []).Concat((experiment.Prerequisites ?? []).Select(p => p?.Experiment));

    private static IEnumerable<(T Item, string At)> Indexed<T>(IReadOnlyList<T?>? items, string name)
        where T : class => (items ?? []).Select((item, i) => (item!, $"{name}[{i}]"));
}

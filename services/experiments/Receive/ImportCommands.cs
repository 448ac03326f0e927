using System.Text.Json;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Takes a file of experiments in: plans, and if all of it can be done, does it. Done again, it changes nothing more.</summary>
internal sealed class ImportCommands(
    MetricStore metrics, SavedGroupStore groups, TemplateStore templates, ExperimentStore experiments,
    MetricCommands metricCommands, SavedGroupCommands groupCommands, TemplateCommands templateCommands, ExperimentCommands experimentCommands)
{
    private const int MaxItems = 1_000;

    public static FieldProblem? Check(ExportFile file)
    {
        var problems = new FieldProblems();
        if (file.Format != ExportFile.CurrentFormat) problems.Add("out_of_range", "format", $"format must be {ExportFile.CurrentFormat}");
        problems.Items(file.Metrics, "metrics", MaxItems);
        problems.Items(file.SavedGroups, "saved_groups", MaxItems);
        problems.Items(file.Templates, "templates", MaxItems);
        problems.Items(file.Experiments, "experiments", MaxItems);
        Twice(file.Metrics?.Select(m => m?.Key), "metrics");
        Twice(file.SavedGroups?.Select(g => g?.Key), "saved_groups");
        Twice(file.Templates?.Select(t => t?.Key), "templates");
        Twice(file.Experiments?.Select(e => e?.Key), "experiments");
        return problems.All is [var first, ..] ? first : null;

        void Twice(IEnumerable<string?>? keys, string field)
        {
            if (keys?.OfType<string>().GroupBy(k => k).FirstOrDefault(g => g.Count() > 1)?.Key is { } key) problems.Add("duplicate_key", field, $"'{key}' is there twice");
        }
    }

    public async Task<ImportPlan> PlanAsync(string site, ExportFile file, CancellationToken ct)
    {
        var keys = (file.Metrics ?? []).Select(m => m!.Key).Concat((file.Experiments ?? []).SelectMany(e => e!.Metrics ?? []).Select(m => m?.Key)).OfType<string>().Distinct().ToList();
        var found = await metrics.FindAsync(site, keys, ct);
        return ImportPlan.Of(file, new SiteContents(
            found.OfType<MetricRequest>().ToDictionary(m => m.Key!),
            (await groups.ListAsync(site, ct)).ToDictionary(g => g.Key!),
            (await templates.OwnAsync(site, ct)).ToDictionary(t => t.Key!),
            await experiments.ListAsync(site, ct)));
    }

    /// <summary>Null if all was done.</summary>
    public async Task<FieldProblem?> ApplyAsync(Caller caller, ExportFile file, ImportPlan plan, CancellationToken ct)
    {
        foreach (var step in plan.Steps.Where(s => s.Action is "create" or "update"))
        {
            var outcome = await ApplyAsync(caller, file, plan, step.Kind, step.Key, step.Action == "create", ct);
            if (outcome.Problem is { } problem)
            {
                return problem with { Message = $"{step.Kind} '{step.Key}': {problem.Message}; what stands before it in the plan was done, and the same file may be sent again" };
            }
        }

        return null;
    }

    private Task<Outcome> ApplyAsync(Caller caller, ExportFile file, ImportPlan plan, string kind, string key, bool isNew, CancellationToken ct)
    {
        switch (kind)
        {
            case "metric":
                var metric = file.Metrics!.First(m => m!.Key == key)!;
                return isNew ? metricCommands.CreateAsync(caller, metric, ct) : metricCommands.ReplaceAsync(caller, key, metric, ct);
            case "saved_group":
                var group = file.SavedGroups!.First(g => g!.Key == key)!;
                return isNew ? groupCommands.CreateAsync(caller, group, ct) : groupCommands.ReplaceAsync(caller, key, group, ct);
            case "template":
                var template = file.Templates!.First(t => t!.Key == key)!;
                return isNew ? templateCommands.CreateAsync(caller, template, ct) : templateCommands.ReplaceAsync(caller, key, template, ct);
            default:
                var experiment = plan.Experiments.First(e => e.Key == key);
                return isNew ? experimentCommands.CreateAsync(caller, experiment, ct) : experimentCommands.ReplaceAsync(caller, key, experiment, ct);
        }
    }
}

internal static class TransferEndpoints
{
    private static readonly JsonSerializerOptions Readable = new(JsonBody.Options) { WriteIndented = true };

    public static void MapTransfer(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/export", ExportAsync).RequirePerson(PersonRole.Analyst);
        app.MapPost("/api/v1/import", ImportAsync).RequirePerson(PersonRole.Editor);
    }

    /// <summary>All of the site, or with <c>?experiment=a,b</c> these experiments and what they name.</summary>
    private static async Task<IResult> ExportAsync(
        HttpContext context, ExperimentStore experiments, MetricStore metrics, SavedGroupStore groups, TemplateStore templates, CancellationToken ct)
    {
        var site = context.Grant().Site;
        var all = (await experiments.ListAsync(site, ct)).ToDictionary(e => e.Key, e => e.Definition);
        var wanted = context.Request.Query["experiment"] is [{ Length: > 0 } list] ? list.Split(',', StringSplitOptions.TrimEntries).ToHashSet() : null;
        if (wanted?.FirstOrDefault(k => !all.ContainsKey(k)) is { } unknown) return new FieldProblem("not_found", "experiment", $"there is no experiment '{unknown}'").ToResult();
        var chosen = ExportChoice.Of(all, wanted);
        var measured = await metrics.FindAsync(site, [.. chosen.SelectMany(e => e.Metrics!).Select(m => m!.Key!).Distinct()], ct);
        var named = ExportChoice.Groups(chosen).ToHashSet();
        var file = new ExportFile
        {
            Format = ExportFile.CurrentFormat,
            Metrics = [.. measured.OfType<MetricRequest>().OrderBy(m => m.Key, StringComparer.Ordinal)],
            SavedGroups = [.. (await groups.ListAsync(site, ct)).Where(g => wanted is null || named.Contains(g.Key!)).OrderBy(g => g.Key, StringComparer.Ordinal)],
            Templates = wanted is null ? [.. (await templates.OwnAsync(site, ct)).OrderBy(t => t.Key, StringComparer.Ordinal)] : [],
            Experiments = chosen,
        };
        return Results.Text(JsonSerializer.Serialize(file, Readable), "application/json");
    }

    private static async Task<IResult> ImportAsync(HttpContext context, ImportCommands commands, CancellationToken ct)
    {
        var dryRun = context.Request.Query["dry_run"];
        if (dryRun is not ([] or ["true" or "false"])) return new FieldProblem("out_of_range", "dry_run", "dry_run must be true or false").ToResult();
        var (file, problem) = await JsonBody.ReadAsync<ExportFile>(context);
        problem ??= ImportCommands.Check(file!);
        if (problem is not null) return problem.ToResult();
        var caller = new Caller(context.Grant().Site, context.Grant().Actor);
        var plan = await commands.PlanAsync(caller.Site, file!, ct);
        if (dryRun is not ["true"])
        {
            problem = plan.Problem ?? await commands.ApplyAsync(caller, file!, plan, ct);
            if (problem is not null) return problem.ToResult();
        }

        return Results.Json(new { DryRun = dryRun is ["true"], Ok = plan.Problem is null, plan.Steps }, JsonBody.Options);
    }
}

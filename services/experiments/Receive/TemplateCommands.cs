using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Own templates, and experiments made from any template in one call.</summary>
internal sealed class TemplateCommands(CommandRunner runner, TemplateStore templates, MetricStore metrics, ExperimentCommands experiments)
{
    public async Task<Outcome> CreateAsync(Caller caller, TemplateRequest template, CancellationToken ct)
    {
        if (Problem(template) is { } problem) return Outcome.Refused(problem);
        return await runner.RunAsync(caller, async transaction =>
            await templates.TryWriteAsync(transaction, caller.Site, caller.Actor, template.Key!, template, isNew: true)
                ? Outcome.Ok(template, StatusCodes.Status201Created)
                : Outcome.Refused(new FieldProblem("conflict", "key", $"there is a template '{template.Key}' already")), ct);
    }

    public async Task<Outcome> ReplaceAsync(Caller caller, string key, TemplateRequest template, CancellationToken ct)
    {
        if (template.Key is { } other && other != key) return Outcome.Refused(new FieldProblem("not_allowed", "key", "a template keeps its key"));
        template = template with { Key = key };
        if (Problem(template) is { } problem) return Outcome.Refused(problem);
        return await runner.RunAsync(caller, async transaction =>
            await templates.TryWriteAsync(transaction, caller.Site, caller.Actor, key, template, isNew: false) ? Outcome.Ok(template) : NotThere(key), ct);
    }

    public Task<Outcome> DeleteAsync(Caller caller, string key, CancellationToken ct) => runner.RunAsync(caller, async transaction =>
        await templates.TryWriteAsync(transaction, caller.Site, caller.Actor, key, null, isNew: false)
            ? new Outcome(StatusCodes.Status204NoContent, [])
            : NotThere(key), ct);

    /// <summary>Makes a draft. Ready metrics that it names and that the site does not have are taken over first.</summary>
    public async Task<Outcome> CreateExperimentAsync(Caller caller, string template, JsonObject body, CancellationToken ct)
    {
        if (await templates.FindAsync(caller.Site, template, ct) is not { } found)
        {
            return Outcome.Refused(new FieldProblem("not_found", "key", $"there is no template '{template}'"));
        }

        ExperimentRequest experiment;
        try
        {
            experiment = TemplateFilling.Fill(found, body);
        }
        catch (JsonException e)
        {
            return Outcome.Refused(JsonBody.Describe(e));
        }

        if (TemplateRules.Check(found, experiment) is { Count: > 0 } problems) return Outcome.Refused(problems[0]);
        var named = (experiment.Metrics ?? []).Select(m => m?.Key is { } key ? ReadyMetrics.Find(key) : null).OfType<MetricRequest>();
        await metrics.AddMissingAsync(caller.Site, caller.Actor, named, ct);
        return await experiments.CreateAsync(caller, experiment, ct);
    }

    private static FieldProblem? Problem(TemplateRequest template) =>
        TemplateRules.Check(template) is [var first, ..] ? first
        : TemplateStore.IsReady(template.Key!) ? new FieldProblem("conflict", "key", $"'{template.Key}' is a ready template")
        : null;

    private static Outcome NotThere(string key) => Outcome.Refused(new FieldProblem("not_found", "key", $"there is no own template '{key}'"));
}

internal static class TemplateEndpoints
{
    public static void MapTemplates(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/templates", async (HttpContext context, TemplateStore store, CancellationToken ct) =>
            Results.Json(new { templates = TemplateStore.Ready.Concat(await store.OwnAsync(context.Grant().Site, ct)) }, JsonBody.Options)).RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/templates/{key}", async (string key, HttpContext context, TemplateStore store, CancellationToken ct) =>
            await store.FindAsync(context.Grant().Site, key, ct) is { } template ? Results.Json(template, JsonBody.Options) : Answers.NotFound("template", key))
            .RequirePerson(PersonRole.Viewer);
        app.MapPost("/api/v1/templates", (HttpContext context, TemplateCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<TemplateRequest>(context, (caller, template) => commands.CreateAsync(caller, template, ct))).RequirePerson(PersonRole.Editor);
        app.MapPut("/api/v1/templates/{key}", (string key, HttpContext context, TemplateCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<TemplateRequest>(context, (caller, template) => commands.ReplaceAsync(caller, key, template, ct))).RequirePerson(PersonRole.Editor);
        app.MapDelete("/api/v1/templates/{key}", (string key, HttpContext context, TemplateCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<ReasonRequest>(context, (caller, _) => commands.DeleteAsync(caller, key, ct))).RequirePerson(PersonRole.Editor);
        app.MapPost("/api/v1/templates/{key}/experiments", (string key, HttpContext context, TemplateCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<JsonObject>(context, (caller, body) => commands.CreateExperimentAsync(caller, key, body, ct))).RequirePerson(PersonRole.Editor);
    }
}

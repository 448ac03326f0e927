using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Own templates, and experiments made from any template in one call.</summary>
internal sealed class TemplateCommands(TemplateStore templates, MetricStore metrics, ExperimentCommands experiments)
{
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
        app.MapPost("/api/v1/templates", async (HttpContext context, TemplateStore store, CancellationToken ct) =>
        {
            var (request, problem) = await ReadAsync(context, null);
            if (request is null) return problem!.ToResult();
            return await store.TryAddAsync(context.Grant().Site, context.Grant().Actor, request, ct)
                ? Results.Json(request, JsonBody.Options, statusCode: StatusCodes.Status201Created)
                : new FieldProblem("conflict", "key", $"there is a template '{request.Key}' already").ToResult();
        }).RequirePerson(PersonRole.Editor);
        app.MapPut("/api/v1/templates/{key}", async (string key, HttpContext context, TemplateStore store, CancellationToken ct) =>
        {
            var (request, problem) = await ReadAsync(context, key);
            if (request is null) return problem!.ToResult();
            return await store.TryReplaceAsync(context.Grant().Site, context.Grant().Actor, request, ct)
                ? Results.Json(request, JsonBody.Options)
                : Answers.NotFound("own template", key);
        }).RequirePerson(PersonRole.Editor);
        app.MapDelete("/api/v1/templates/{key}", async (string key, HttpContext context, TemplateStore store, CancellationToken ct) =>
            await store.TryDeleteAsync(context.Grant().Site, context.Grant().Actor, key, ct) ? Results.NoContent() : Answers.NotFound("own template", key)).RequirePerson(PersonRole.Editor);
        app.MapPost("/api/v1/templates/{key}/experiments", (string key, HttpContext context, TemplateCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<JsonObject>(context, (caller, body) => commands.CreateExperimentAsync(caller, key, body, ct))).RequirePerson(PersonRole.Editor);
    }

    /// <param name="key">The key of the template that is replaced; null where one is made.</param>
    private static async Task<(TemplateRequest? Template, FieldProblem? Problem)> ReadAsync(HttpContext context, string? key)
    {
        var (request, problem) = await JsonBody.ReadAsync<TemplateRequest>(context);
        if (request is null) return (null, problem);
        if (key is not null && request.Key is { } other && other != key) return (null, new FieldProblem("not_allowed", "key", "a template keeps its key"));
        request = request with { Key = key ?? request.Key };
        if (TemplateRules.Check(request) is { Count: > 0 } problems) return (null, problems[0]);
        return TemplateStore.IsReady(request.Key!) ? (null, new FieldProblem("conflict", "key", $"'{request.Key}' is a ready template")) : (request, null);
    }
}

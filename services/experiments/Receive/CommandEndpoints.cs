using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

internal static class CommandEndpoints
{
    public static void MapExperimentCommands(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/experiments", async (HttpContext context, ExperimentCommands commands, ExperimentStore store, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<ExperimentRequest>(context);
            problem ??= await commands.CreateAsync(context.Grant().Site, request!, ct);
            return problem is null ? await ViewAsync(store, context, request!.Key!, StatusCodes.Status201Created, ct) : problem.ToResult();
        }).RequirePerson(PersonRole.Editor);
        foreach (var command in (string[])["start", "pause", "resume", "stop"])
        {
            app.MapPost($"/api/v1/experiments/{{key}}/{command}", async (
                string key, HttpContext context, ExperimentCommands commands, ExperimentStore store, CancellationToken ct) =>
                await commands.TransitAsync(context.Grant().Site, key, command, ct) is { } problem
                    ? problem.ToResult()
                    : await ViewAsync(store, context, key, StatusCodes.Status200OK, ct)).RequirePerson(PersonRole.Editor);
        }

        app.MapPatch("/api/v1/experiments/{key}", ChangePhaseAsync).RequirePerson(PersonRole.Editor);
        app.MapPost("/api/v1/experiments/{key}/phases", ChangePhaseAsync).RequirePerson(PersonRole.Editor);
    }

    public static void MapSavedGroupCommands(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/saved-groups", async (HttpContext context, SavedGroupCommands commands, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<SavedGroupRequest>(context);
            problem ??= await commands.CreateAsync(context.Grant().Site, context.Grant().Actor, request!, ct);
            return problem is null ? Results.Json(request, JsonBody.Options, statusCode: StatusCodes.Status201Created) : problem.ToResult();
        }).RequirePerson(PersonRole.Editor);
        app.MapPut("/api/v1/saved-groups/{key}", async (string key, HttpContext context, SavedGroupCommands commands, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<SavedGroupRequest>(context);
            var group = request is null ? null : request with { Key = key };
            problem ??= await commands.ReplaceAsync(context.Grant().Site, context.Grant().Actor, group!, ct);
            return problem is null ? Results.Json(group, JsonBody.Options) : problem.ToResult();
        }).RequirePerson(PersonRole.Editor);
    }

    private static async Task<IResult> ChangePhaseAsync(
        string key, HttpContext context, ExperimentCommands commands, ExperimentStore store, CancellationToken ct)
    {
        var (request, problem) = await JsonBody.ReadAsync<PhaseRequest>(context);
        problem ??= await commands.ChangePhaseAsync(context.Grant().Site, key, request!, ct);
        return problem is null ? await ViewAsync(store, context, key, StatusCodes.Status200OK, ct) : problem.ToResult();
    }

    private static async Task<IResult> ViewAsync(ExperimentStore store, HttpContext context, string key, int status, CancellationToken ct) =>
        Results.Json(ExperimentView.Of((await store.FindAsync(context.Grant().Site, key, ct))!), JsonBody.Options, statusCode: status);
}

using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

internal static class CommandEndpoints
{
    public static void MapMetricCommands(this IEndpointRouteBuilder app) =>
        app.MapPost("/api/v1/metrics", async (HttpContext context, MetricStore store, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<MetricRequest>(context);
            if (request is null) return Answer(problem!);
            if (MetricRules.Check(request) is { Count: > 0 } problems) return Answer(problems[0]);
            return await store.TryAddAsync(context.Grant().Site, request, ct)
                ? Results.Json(request, JsonBody.Options, statusCode: StatusCodes.Status201Created)
                : Answer(new FieldProblem("conflict", "key", $"there is a metric '{request.Key}' already"));
        }).RequirePerson(PersonRole.Analyst);

    public static void MapExperimentCommands(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/experiments", async (HttpContext context, ExperimentCommands commands, ExperimentStore store, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<ExperimentRequest>(context);
            problem ??= await commands.CreateAsync(context.Grant().Site, request!, ct);
            return problem is null ? await ViewAsync(store, context, request!.Key!, StatusCodes.Status201Created, ct) : Answer(problem);
        }).RequirePerson(PersonRole.Editor);
        foreach (var command in (string[])["start", "pause", "resume", "stop"])
        {
            app.MapPost($"/api/v1/experiments/{{key}}/{command}", async (
                string key, HttpContext context, ExperimentCommands commands, ExperimentStore store, CancellationToken ct) =>
                await commands.TransitAsync(context.Grant().Site, key, command, ct) is { } problem
                    ? Answer(problem)
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
            problem ??= await commands.CreateAsync(context.Grant().Site, request!, ct);
            return problem is null ? Results.Json(request, JsonBody.Options, statusCode: StatusCodes.Status201Created) : Answer(problem);
        }).RequirePerson(PersonRole.Editor);
        app.MapPut("/api/v1/saved-groups/{key}", async (string key, HttpContext context, SavedGroupCommands commands, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<SavedGroupRequest>(context);
            var group = request is null ? null : request with { Key = key };
            problem ??= await commands.ReplaceAsync(context.Grant().Site, group!, ct);
            return problem is null ? Results.Json(group, JsonBody.Options) : Answer(problem);
        }).RequirePerson(PersonRole.Editor);
    }

    private static async Task<IResult> ChangePhaseAsync(
        string key, HttpContext context, ExperimentCommands commands, ExperimentStore store, CancellationToken ct)
    {
        var (request, problem) = await JsonBody.ReadAsync<PhaseRequest>(context);
        problem ??= await commands.ChangePhaseAsync(context.Grant().Site, key, request!, ct);
        return problem is null ? await ViewAsync(store, context, key, StatusCodes.Status200OK, ct) : Answer(problem);
    }

    private static async Task<IResult> ViewAsync(ExperimentStore store, HttpContext context, string key, int status, CancellationToken ct) =>
        Results.Json(ExperimentView.Of((await store.FindAsync(context.Grant().Site, key, ct))!), JsonBody.Options, statusCode: status);

    private static IResult Answer(FieldProblem problem) => Problem.Result(
        problem.Code switch
        {
            "not_found" => StatusCodes.Status404NotFound,
            "conflict" => StatusCodes.Status409Conflict,
            "not_published_yet" => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status400BadRequest,
        },
        problem.Code,
        problem.Field,
        problem.Message);
}

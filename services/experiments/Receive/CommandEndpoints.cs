using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Serve;

namespace CroPlatform.Services.Experiments.Receive;

internal static class CommandEndpoints
{
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
}

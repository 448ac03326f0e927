using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Check.People;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store.People;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>Sites. Operators make them and see them all; others see those that they belong to.</summary>
internal static class SiteEndpoints
{
    public static void MapSites(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/sites", async (HttpContext context, SiteStore store, Operators operators, CancellationToken ct) =>
            Results.Json(new { sites = await store.ListAsync(context.Grant(), operators.Include(context.Grant()), ct) }, JsonBody.Options))
            .RequirePerson(PersonRole.Viewer);

        app.MapPost("/api/v1/sites", async (HttpContext context, SiteStore store, Operators operators, CancellationToken ct) =>
        {
            if (!operators.Include(context.Grant())) return new FieldProblem("forbidden", "authorization", "only an operator makes sites").ToResult();
            var (request, problem) = await JsonBody.ReadAsync<SiteRequest>(context);
            if (request is null) return problem!.ToResult();
            if (PeopleRules.Check(request) is { Count: > 0 } problems) return problems[0].ToResult();
            return await store.CreateAsync(request.Key!, request.TimeZone ?? "UTC", context.Grant(), ct) is { } key
                ? Results.Json(
                    new { key = request.Key, time_zone = request.TimeZone ?? "UTC", admin_key = new { id = key.Id, secret = key.Secret } },
                    JsonBody.Options,
                    statusCode: StatusCodes.Status201Created)
                : new FieldProblem("conflict", "key", $"there is a site '{request.Key}' already").ToResult();
        }).RequirePerson(PersonRole.Admin);

        app.MapPatch("/api/v1/sites/{key}", async (string key, HttpContext context, SiteStore store, Operators operators, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<SitePatch>(context);
            if (request is null) return problem!.ToResult();
            var problems = new FieldProblems();
            if (request.TimeZone is null) problems.Missing("time_zone");
            PeopleRules.TimeZone(problems, request.TimeZone);
            if (problems.All is [var first, ..]) return first.ToResult();
            var isTheirs = key == context.Grant().Site || operators.Include(context.Grant());
            return isTheirs && await store.SetTimeZoneAsync(key, request.TimeZone!, context.Grant().Actor, ct)
                ? Results.Json(new { key, time_zone = request.TimeZone }, JsonBody.Options)
                : Answers.NotFound("site", key);
        }).RequirePerson(PersonRole.Admin);
    }
}

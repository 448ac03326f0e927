using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

internal static class QueryEndpoints
{
    private static readonly string[] Sorts = ["-created_at", "started_at", "key", "name", "status"];
    private static readonly string[] Filters = ["status", "kind", "unit", "tag", "metric"];

    public static void MapExperimentQueries(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/experiments", async (HttpContext context, ExperimentStore store, CancellationToken ct) =>
        {
            var (query, problem) = ListQuery.Read(context.Request.Query, Sorts, Filters);
            if (query is null) return problem!.ToResult();
            var (experiments, total) = await store.PageAsync(context.Grant().Site, query, ct);
            return Results.Json(
                new { experiments = experiments.Select(ExperimentView.Of), total, next_offset = query.Next(experiments.Count, total) }, JsonBody.Options);
        }).RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/experiments/{key}", async (string key, HttpContext context, ExperimentStore store, CancellationToken ct) =>
        {
            if (await store.FindAsync(context.Grant().Site, key, ct) is not { } stored) return Answers.NotFound("experiment", key);
            context.Response.Headers.ETag = stored.ETag;
            return context.Request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Any(tag => tag == "*" || tag == stored.ETag)
                ? Results.StatusCode(StatusCodes.Status304NotModified)
                : Results.Json(await store.ViewAsync(context.Grant().Site, stored, ct), JsonBody.Options);
        }).RequirePerson(PersonRole.Viewer);
    }

    public static void MapSavedGroupQueries(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/saved-groups", async (HttpContext context, SavedGroupStore store, CancellationToken ct) =>
            Results.Json(new { saved_groups = await store.ListAsync(context.Grant().Site, ct) }, JsonBody.Options)).RequirePerson(PersonRole.Viewer);
}

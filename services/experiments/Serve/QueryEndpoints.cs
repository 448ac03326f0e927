using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

internal static class QueryEndpoints
{
    public static void MapMetricQueries(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/metrics", async (HttpContext context, MetricStore store, CancellationToken ct) =>
            Results.Json(new { metrics = await store.ListAsync(context.Grant().Site, ct) }, JsonBody.Options)).RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/metrics/{key}", async (string key, HttpContext context, MetricStore store, CancellationToken ct) =>
            (await store.FindAsync(context.Grant().Site, [key], ct))[0] is { } metric
                ? Results.Json(metric, JsonBody.Options)
                : Problem.Result(StatusCodes.Status404NotFound, "not_found", "key", $"there is no metric '{key}'")).RequirePerson(PersonRole.Viewer);
    }

    public static void MapExperimentQueries(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/experiments", async (HttpContext context, ExperimentStore store, CancellationToken ct) =>
            Results.Json(new { experiments = (await store.ListAsync(context.Grant().Site, ct)).Select(ExperimentView.Of) }, JsonBody.Options))
            .RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/experiments/{key}", async (string key, HttpContext context, ExperimentStore store, CancellationToken ct) =>
            await store.FindAsync(context.Grant().Site, key, ct) is { } stored
                ? Results.Json(ExperimentView.Of(stored), JsonBody.Options)
                : Problem.Result(StatusCodes.Status404NotFound, "not_found", "key", $"there is no experiment '{key}'")).RequirePerson(PersonRole.Viewer);
    }

    public static void MapSavedGroupQueries(this IEndpointRouteBuilder app) =>
        app.MapGet("/api/v1/saved-groups", async (HttpContext context, SavedGroupStore store, CancellationToken ct) =>
            Results.Json(new { saved_groups = await store.ListAsync(context.Grant().Site, ct) }, JsonBody.Options)).RequirePerson(PersonRole.Viewer);
}

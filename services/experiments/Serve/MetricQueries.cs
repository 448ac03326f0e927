using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

internal static class MetricQueries
{
    private static readonly string[] Sorts = ["key", "name", "created_at"];
    private static readonly string[] Filters = ["kind", "event", "tag"];

    public static void MapMetricQueries(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/metrics", async (HttpContext context, MetricStore store, CancellationToken ct) =>
        {
            var (query, problem) = ListQuery.Read(context.Request.Query, Sorts, Filters);
            if (query is null) return problem!.ToResult();
            var (metrics, total) = await store.ListAsync(context.Grant().Site, query, ct);
            return Results.Json(new { metrics = metrics.Select(Show), total, next_offset = query.Next(metrics.Count, total) }, JsonBody.Options);
        }).RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/metrics/{key}", async (string key, HttpContext context, MetricStore store, CancellationToken ct) =>
            await store.FindAsync(context.Grant().Site, key, ct) is { } metric ? Results.Json(Show(metric), JsonBody.Options) : Answers.NotFound("metric", key))
            .RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/metrics/{key}/versions", async (string key, HttpContext context, MetricStore store, CancellationToken ct) =>
            await store.VersionsAsync(context.Grant().Site, key, ct) is { Count: > 0 } versions
                ? Results.Json(new { versions = versions.Select(Show) }, JsonBody.Options)
                : Answers.NotFound("metric", key)).RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/ready-metrics", () => Results.Json(new { metrics = ReadyMetrics.All }, JsonBody.Options)).RequirePerson(PersonRole.Viewer);
    }

    /// <summary>The definition as it was asked for, with its version.</summary>
    public static JsonObject Show(StoredMetric metric)
    {
        var shown = JsonSerializer.SerializeToNode(metric.Definition, JsonBody.Options)!.AsObject();
        shown["version"] = metric.Version;
        shown["created_at"] = metric.CreatedAt;
        return shown;
    }
}

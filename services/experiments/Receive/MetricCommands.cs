using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

internal static class MetricCommands
{
    public static void MapMetricCommands(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/metrics", async (HttpContext context, MetricStore store, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<MetricRequest>(context);
            return request is null ? problem!.ToResult() : await AddAsync(request, context, store, ct);
        }).RequirePerson(PersonRole.Analyst);
        app.MapPut("/api/v1/metrics/{key}", async (string key, HttpContext context, MetricStore store, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<MetricRequest>(context);
            if (request is null) return problem!.ToResult();
            if (request.Key is { } other && other != key) return new FieldProblem("not_allowed", "key", "a metric keeps its key").ToResult();
            request = request with { Key = key };
            if (MetricRules.Check(request) is { Count: > 0 } problems) return problems[0].ToResult();
            if (await store.TryReplaceAsync(context.Grant().Site, context.Grant().Actor, request, ct) is null) return Answers.NotFound("metric", key);
            return await ShowAsync(key, StatusCodes.Status200OK, context, store, ct);
        }).RequirePerson(PersonRole.Analyst);
        app.MapPost("/api/v1/ready-metrics/{key}", async (string key, HttpContext context, MetricStore store, CancellationToken ct) =>
            ReadyMetrics.Find(key) is { } ready ? await AddAsync(ready, context, store, ct) : Answers.NotFound("ready metric", key))
            .RequirePerson(PersonRole.Analyst);
    }

    private static async Task<IResult> AddAsync(MetricRequest request, HttpContext context, MetricStore store, CancellationToken ct)
    {
        if (MetricRules.Check(request) is { Count: > 0 } problems) return problems[0].ToResult();
        return await store.TryAddAsync(context.Grant().Site, context.Grant().Actor, request, ct)
            ? await ShowAsync(request.Key!, StatusCodes.Status201Created, context, store, ct)
            : new FieldProblem("conflict", "key", $"there is a metric '{request.Key}' already").ToResult();
    }

    private static async Task<IResult> ShowAsync(string key, int status, HttpContext context, MetricStore store, CancellationToken ct) =>
        Results.Json(MetricQueries.Show((await store.FindAsync(context.Grant().Site, key, ct))!), JsonBody.Options, statusCode: status);
}

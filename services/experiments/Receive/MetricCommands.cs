using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Defines metrics and their next versions.</summary>
internal sealed class MetricCommands(CommandRunner runner, MetricStore store)
{
    public async Task<Outcome> CreateAsync(Caller caller, MetricRequest request, CancellationToken ct)
    {
        if (MetricRules.Check(request) is [var first, ..]) return Outcome.Refused(first);
        return await runner.RunAsync(caller, async transaction => await store.TryAddAsync(transaction, caller.Site, caller.Actor, request) is { } added
            ? Outcome.Ok(MetricQueries.Show(added), StatusCodes.Status201Created)
            : Outcome.Refused(new FieldProblem("conflict", "key", $"there is a metric '{request.Key}' already")), ct);
    }

    public async Task<Outcome> ReplaceAsync(Caller caller, string key, MetricRequest request, CancellationToken ct)
    {
        if (request.Key is { } other && other != key) return Outcome.Refused(new FieldProblem("not_allowed", "key", "a metric keeps its key"));
        request = request with { Key = key };
        if (MetricRules.Check(request) is [var first, ..]) return Outcome.Refused(first);
        return await runner.RunAsync(caller, async transaction => await store.TryReplaceAsync(transaction, caller.Site, caller.Actor, request) is { } replaced
            ? Outcome.Ok(MetricQueries.Show(replaced))
            : Outcome.Refused(new FieldProblem("not_found", "key", $"there is no metric '{key}'")), ct);
    }
}

internal static class MetricEndpoints
{
    public static void MapMetricCommands(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/metrics", (HttpContext context, MetricCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<MetricRequest>(context, (caller, metric) => commands.CreateAsync(caller, metric, ct))).RequirePerson(PersonRole.Analyst);
        app.MapPut("/api/v1/metrics/{key}", (string key, HttpContext context, MetricCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<MetricRequest>(context, (caller, metric) => commands.ReplaceAsync(caller, key, metric, ct))).RequirePerson(PersonRole.Analyst);
        app.MapPost("/api/v1/ready-metrics/{key}", async (string key, HttpContext context, MetricCommands commands, CancellationToken ct) =>
            ReadyMetrics.Find(key) is { } ready
                ? await LifeEndpoints.RunAsync<ReasonRequest>(context, (caller, _) => commands.CreateAsync(caller, ready, ct))
                : Answers.NotFound("ready metric", key)).RequirePerson(PersonRole.Analyst);
    }
}

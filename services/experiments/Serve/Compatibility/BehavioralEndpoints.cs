using System.Text.Json;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>The paths under /api/v1/conversion/behavioral: events of any kind, and the live stream of a test.</summary>
internal static class BehavioralEndpoints
{
    public static void MapBehavioral(this IEndpointRouteBuilder app)
    {
        var paths = app.MapGroup("/api/v1/conversion/behavioral");
        paths.MapPost("/events", async (HttpContext context, EventForwarding events, CancellationToken ct) =>
        {
            var (body, problem) = await JsonBody.ReadAsync<JsonDocument>(context);
            return body is null ? problem!.ToResult() : await events.ForwardAsync(context, body.RootElement, ct);
        }).RequireKey(KeyRole.Write).LimitAs(RateClass.Events).AllowBrowsers();
        paths.MapPost("/events/batch", async (HttpContext context, EventForwarding events, CancellationToken ct) =>
        {
            var (body, problem) = await JsonBody.ReadAsync<JsonDocument>(context);
            return body is null ? problem!.ToResult() : await events.ForwardAllAsync(context, body.RootElement, ct);
        }).RequireKey(KeyRole.Write).LimitAs(RateClass.Events).AllowBrowsers();
        paths.MapNotYet("GET", "/insights", PersonRole.Viewer);
        paths.MapNotYet("GET", "/analytics/engagement", PersonRole.Viewer);
        paths.MapGet("/stream/{id}", (string id, HttpContext context, EventStream stream) => stream.ShowAsync(context, id)).AllowWithoutKey();
    }
}

using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>The site's last report on interactions between its experiments, and asking for a new one.</summary>
internal static class InteractionEndpoints
{
    public static void MapInteractions(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/interactions", async (string? experiment, HttpContext context, InteractionStore store, CancellationToken ct) =>
        {
            var report = await store.FindAsync(context.Grant().Site, ct);
            return Results.Json(
                new
                {
                    report?.ComputedAt,
                    Experiments = report?.Experiments ?? 0,
                    Pairs = report?.Pairs ?? 0,
                    Tests = report?.Tests ?? 0,
                    Interactions.FalseDiscoveryRate,
                    Interactions = report?.Interactions.Where(i => experiment is null || i.First == experiment || i.Second == experiment) ?? [],
                    Dependences = report?.Dependences.Where(d => experiment is null || d.Experiment == experiment || d.Other == experiment) ?? [],
                },
                ExperimentResults.Json);
        }).RequirePerson(PersonRole.Viewer);

        app.MapPost("/api/v1/interactions", async (HttpContext context, InteractionStore store, TimeProvider clock, CancellationToken ct) =>
        {
            var now = clock.GetUtcNow();
            await store.RequestAsync(context.Grant().Site, now, ct);
            return Results.Json(new { requested_at = now }, statusCode: StatusCodes.Status202Accepted);
        }).RequirePerson(PersonRole.Admin);
    }
}

using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Serve;

internal static class ResultsEndpoints
{
    public static void MapResults(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/experiments/{key}/results", async (
            string key, HttpContext context, CatalogReader catalog, NumbersReader numbers, LookStore looks, InteractionStore interactions, TimeProvider clock, CancellationToken ct) =>
        {
            if (await StartedExperiments.FindAsync(catalog, context.Grant().Site, key, ct) is not { } experiment)
            {
                return Problem.Result(StatusCodes.Status404NotFound, "not_found", "key", $"there is no experiment '{key}' that was started");
            }

            var results = Analyst.Analyse(
                experiment, await numbers.ReadAsync(experiment, ct), await looks.ReadAsync(experiment, ct), clock.GetUtcNow(), await interactions.WarningsAsync(experiment, ct));
            return Results.Json(results, ExperimentResults.Json);
        }).RequirePerson(PersonRole.Viewer);

        app.MapGet("/api/v1/statistics/balance", async (HttpContext context, NumbersReader numbers, CancellationToken ct) =>
            Results.Json(await numbers.BalanceAsync(context.Grant().Site, ct), ExperimentResults.Json)).RequirePerson(PersonRole.Viewer);
    }
}

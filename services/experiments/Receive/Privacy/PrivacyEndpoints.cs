using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Serve.Privacy;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive.Privacy;

/// <summary>What people may ask of whoever keeps data about them: a copy, and to be forgotten.</summary>
internal static class PrivacyEndpoints
{
    private static readonly string[] Sorts = ["-requested_at"];

    public static void MapPrivacy(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/erasures", (HttpContext context, CommandRunner runner, TimeProvider clock, CancellationToken ct) =>
            LifeEndpoints.RunAsync<PersonRequest>(context, (caller, person) => EraseAsync(caller, person, runner, clock, ct))).RequirePerson(PersonRole.Admin);

        app.MapGet("/api/v1/erasures", async (HttpContext context, ErasureStore store, CancellationToken ct) =>
        {
            var (query, problem) = ListQuery.Read(context.Request.Query, Sorts);
            if (query is null) return problem!.ToResult();
            var (erasures, total) = (await store.ListAsync(context.Grant().Site, query, ct), await store.CountAsync(context.Grant().Site, ct));
            return Results.Json(new { erasures, total, next_offset = query.Next(erasures.Count, total) }, JsonBody.Options);
        }).RequirePerson(PersonRole.Admin);

        app.MapGet("/api/v1/erasures/{id}", async (string id, HttpContext context, ErasureStore store, PrivacyPeers peers, CancellationToken ct) =>
            await store.FindAsync(context.Grant().Site, id, ct) is { } row
                ? Results.Json(await peers.ReceiptAsync(context, row, ct), JsonBody.Options)
                : Answers.NotFound("erasure", id)).RequirePerson(PersonRole.Admin);

        app.MapPost("/api/v1/exports", async (HttpContext context, PrivacyPeers peers, CancellationToken ct) =>
        {
            var (person, problem) = await JsonBody.ReadAsync<PersonRequest>(context);
            problem ??= person!.Problem();
            if (problem is not null) return problem.ToResult();
            await peers.ExportAsync(context, person!.Units, ct);
            return Results.Empty;
        }).RequirePerson(PersonRole.Admin);
    }

    private static async Task<Outcome> EraseAsync(Caller caller, PersonRequest person, CommandRunner runner, TimeProvider clock, CancellationToken ct)
    {
        if (person.Problem() is { } problem) return Outcome.Refused(problem);
        return await runner.RunAsync(
            caller,
            async transaction =>
            {
                var units = person.Units.Select(u => ErasedUnit.Of(caller.Site, u.UnitType, u.Unit)).ToList();
                var (row, publication) = await ErasureStore.AddAsync(transaction, caller.Site, caller.Actor, units, clock.GetUtcNow());
                return Outcome.Ok(row, StatusCodes.Status202Accepted) with { Publication = publication };
            },
            ct);
    }
}

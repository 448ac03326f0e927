using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Check.People;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store.People;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>API keys of the caller's site. A secret is told once, when it is made.</summary>
internal static class KeyEndpoints
{
    private const double DayOfOverlap = 86_400;
    private const double MostOverlap = 30 * DayOfOverlap;

    public static void MapKeys(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/keys", async (HttpContext context, KeyStore store, KeyUseCollector use, CancellationToken ct) =>
        {
            await use.CollectAsync(ct);
            return Results.Json(new { keys = (await store.ListAsync(context.Grant().Site, ct)).Select(View) }, JsonBody.Options);
        }).RequirePerson(PersonRole.Admin);

        app.MapPost("/api/v1/keys", async (HttpContext context, KeyStore store, TimeProvider clock, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<KeyRequest>(context);
            if (request is null) return problem!.ToResult();
            if (PeopleRules.Check(request, clock.GetUtcNow()) is { Count: > 0 } problems) return problems[0].ToResult();
            var key = new NewKey(request.Name!, PeopleRules.KeyRoleOf(request.Role)!.Value, [.. (request.Origins ?? [])!], request.ExpiresAt);
            var (id, secret) = await store.CreateAsync(context.Grant().Site, key, context.Grant().Actor, ct);
            return Results.Json(
                new { id, secret, name = key.Name, role = request.Role, origins = key.Origins, expires_at = key.ExpiresAt }, JsonBody.Options, statusCode: StatusCodes.Status201Created);
        }).RequirePerson(PersonRole.Admin);

        app.MapPost("/api/v1/keys/{id}/rotate", async (string id, HttpContext context, KeyStore store, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<RotateRequest>(context);
            if (request is null) return problem!.ToResult();
            var overlap = request.OverlapSeconds ?? DayOfOverlap;
            if (overlap is not (>= 0 and <= MostOverlap))
            {
                return new FieldProblem("out_of_range", "overlap_seconds", $"overlap_seconds must lie between 0 and {MostOverlap}").ToResult();
            }

            return await store.RotateAsync(context.Grant().Site, id, TimeSpan.FromSeconds(overlap), context.Grant().Actor, ct) is { } secret
                ? Results.Json(new { id, secret }, JsonBody.Options)
                : Answers.NotFound("key", id);
        }).RequirePerson(PersonRole.Admin);

        app.MapDelete("/api/v1/keys/{id}", async (string id, HttpContext context, KeyStore store, CancellationToken ct) =>
            await store.RevokeAsync(context.Grant().Site, id, context.Grant().Actor, ct) switch
            {
                null => Answers.NotFound("key", id),
                true => Results.NoContent(),
                false => new FieldProblem("not_published_yet", null, "the change is stored and will be published as soon as the log answers").ToResult(),
            }).RequirePerson(PersonRole.Admin);
    }

    private static object View(KeyRow key) => new
    {
        id = key.Id,
        name = key.Name,
        role = KeyRow.NameOf((KeyRole)key.Role),
        origins = key.Origins,
        expires_at = key.Expires_At,
        created_at = key.Created_At,
        created_by = key.Created_By,
        last_used_at = key.Last_Used_At,
        old_secret_until = key.Old_Secret_Until,
    };
}

using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

internal static class GovernanceEndpoints
{
    private static readonly string[] Sorts = ["created_at"];

    public static void MapGovernance(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/v1/experiments/{key}/comments", (string key, HttpContext context, GovernanceCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<CommentRequest>(context, (caller, comment) => commands.CommentAsync(caller, key, comment, ct))).RequirePerson(PersonRole.Analyst);
        app.MapGet("/api/v1/experiments/{key}/comments", async (
            string key, HttpContext context, ExperimentStore experiments, GovernanceStore store, CancellationToken ct) =>
        {
            var (query, problem) = ListQuery.Read(context.Request.Query, Sorts);
            if (query is null) return problem!.ToResult();
            if (await experiments.FindAsync(context.Grant().Site, key, ct) is null) return Answers.NotFound("experiment", key);
            var (comments, total) = await store.CommentsAsync(context.Grant().Site, key, query.Limit, query.Offset, ct);
            return Results.Json(new { comments, total, next_offset = query.Next(comments.Count, total) }, JsonBody.Options);
        }).RequirePerson(PersonRole.Viewer);
        app.MapGet("/api/v1/approval-rules", async (HttpContext context, GovernanceStore store, CancellationToken ct) =>
            Results.Json(await store.RulesAsync(context.Grant().Site, ct), JsonBody.Options)).RequirePerson(PersonRole.Viewer);
        app.MapPut("/api/v1/approval-rules", (HttpContext context, GovernanceCommands commands, CancellationToken ct) =>
            LifeEndpoints.RunAsync<ApprovalRules>(context, (caller, rules) => commands.SetRulesAsync(caller, rules, ct))).RequirePerson(PersonRole.Admin);
    }
}

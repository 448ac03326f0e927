using System.Text.Json.Nodes;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Serve;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Commands over HTTP: who calls and under which conditions is read, the rest is the commands'.</summary>
internal static class LifeEndpoints
{
    private delegate Task<Outcome> Transition(LifeCycleCommands commands, Caller caller, string key, string? reason, CancellationToken ct);

    public static void MapExperimentCommands(this IEndpointRouteBuilder app)
    {
        const string One = "/api/v1/experiments/{key}";
        app.MapPost("/api/v1/experiments", (HttpContext context, ExperimentCommands commands, CancellationToken ct) =>
            RunAsync<ExperimentRequest>(context, (caller, draft) => commands.CreateAsync(caller, draft, ct))).RequirePerson(PersonRole.Editor);
        app.MapPut(One, (string key, HttpContext context, ExperimentCommands commands, CancellationToken ct) =>
            RunAsync<ExperimentRequest>(context, (caller, draft) => commands.ReplaceAsync(caller, key, draft, ct))).RequirePerson(PersonRole.Editor);
        app.MapPatch(One, (string key, HttpContext context, ExperimentCommands commands, CancellationToken ct) =>
            RunAsync<JsonObject>(context, (caller, patch) => commands.PatchAsync(caller, key, patch, ct))).RequirePerson(PersonRole.Editor);
        app.MapPost(One + "/phases", (string key, HttpContext context, ExperimentCommands commands, CancellationToken ct) =>
            RunAsync<PhaseRequest>(context, (caller, phase) => commands.ChangeAsync(caller, key, phase, ct))).RequirePerson(PersonRole.Editor);
        app.MapPost(One + "/schedule", (string key, HttpContext context, LifeCycleCommands commands, CancellationToken ct) =>
            RunAsync<PlanRequest>(context, (caller, plan) => commands.ScheduleAsync(caller, key, plan, ct))).RequirePerson(PersonRole.Editor);
        app.MapPost(One + "/roll-out", (string key, HttpContext context, LifeCycleCommands commands, CancellationToken ct) =>
            RunAsync<RollOutRequest>(context, (caller, target) => commands.RollOutAsync(caller, key, target, target.Reason, ct))).RequirePerson(PersonRole.Editor);

        Map("start", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.StartAsync(caller, key, reason, ct));
        Map("pause", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.PauseAsync(caller, key, reason, ct));
        Map("resume", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.ResumeAsync(caller, key, reason, ct));
        Map("stop", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.StopAsync(caller, key, reason, ct));
        Map("decide", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.DecideAsync(caller, key, reason, ct));
        Map("roll-back", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.RollBackAsync(caller, key, reason, ct));
        Map("undo", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.UndoAsync(caller, key, reason, ct));
        Map("submit", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.SubmitAsync(caller, key, reason, ct));
        Map("withdraw", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.WithdrawAsync(caller, key, reason, ct));
        Map("archive", PersonRole.Editor, (commands, caller, key, reason, ct) => commands.ArchiveAsync(caller, key, reason, ct));
        Map("approve", PersonRole.Approver, (commands, caller, key, reason, ct) => commands.ApproveAsync(caller, key, reason, ct));
        Map("reject", PersonRole.Approver, (commands, caller, key, reason, ct) => commands.RejectAsync(caller, key, reason, ct));

        void Map(string command, PersonRole role, Transition transition) =>
            app.MapPost($"{One}/{command}", (string key, HttpContext context, LifeCycleCommands commands, CancellationToken ct) =>
                RunAsync<ReasonRequest>(context, (caller, why) => transition(commands, caller, key, why.Reason, ct))).RequirePerson(role);
    }

    /// <summary>Reads caller and body, carries the command out and answers.</summary>
    /// <typeparam name="T">The body. None at all is an empty object: many commands say everything by their path.</typeparam>
    public static async Task<IResult> RunAsync<T>(HttpContext context, Func<Caller, T, Task<Outcome>> command)
        where T : class
    {
        var (caller, problem) = await Caller.OfAsync(context);
        if (caller is null) return problem!.ToResult();
        var isEmpty = context.Request.ContentLength is 0 or null && !context.Request.Headers.ContainsKey("Transfer-Encoding");
        (var request, problem) = isEmpty ? JsonBody.Read<T>(new JsonObject()) : await JsonBody.ReadAsync<T>(context);
        return request is null ? problem!.ToResult() : (await command(caller, request)).ToResult(context);
    }
}

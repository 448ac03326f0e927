using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.Governance;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Commands that lead an experiment from state to state.</summary>
internal sealed class LifeCycleCommands(ExperimentChanges changes, ExperimentStore experiments, MetricStore metrics, SiteDirectory sites)
{
    public Task<Outcome> StartAsync(Caller caller, string key, string? reason, CancellationToken ct, Answer? answer = null) => ApplyAsync(caller, key, nameof(Start), reason, async c =>
    {
        var definition = c.Stored.Definition;
        var pinned = (await metrics.FindAsync(caller.Site, [.. definition.Metrics!.Select(m => m!.Key!)], ct)).Select(m => m!).ToList();
        if (await ApprovalGate.CheckAsync(c, Risk.ShareOf(definition), pinned.Exists(m => m.Guardrail == true)) is { } gate) return gate;
        var (placement, problem) = Placement.Find(definition, await experiments.ListAsync(caller.Site, ct));
        if (placement is null) return problem!;
        return new Start(c.Life, Draft.ToExperiment(caller.Site, sites.TimeZoneOf(caller.Site), definition, pinned, placement, c.Life.NowMs));
    }, ct, answer);

    public Task<Outcome> PauseAsync(Caller caller, string key, string? reason, CancellationToken ct, Answer? answer = null) => ApplyAsync(
        caller, key, nameof(Pause), reason, c => Ready(Refusals.Pause(c.Life.Version!), new Pause(c.Life)), ct, answer);

    public Task<Outcome> ResumeAsync(Caller caller, string key, string? reason, CancellationToken ct, Answer? answer = null) =>
        ApplyAsync(caller, key, nameof(Resume), reason, c => Ready(null, new Resume(c.Life)), ct, answer);

    public Task<Outcome> StopAsync(Caller caller, string key, string? reason, CancellationToken ct, Answer? answer = null) => ApplyAsync(
        caller, key, nameof(Stop), reason, async c => await EndsAsync(c, ct) is { } problem ? problem : new Stop(c.Life), ct, answer);

    public Task<Outcome> DecideAsync(Caller caller, string key, string? reason, CancellationToken ct) => ApplyAsync(
        caller, key, nameof(Decide), reason, async c => await EndsAsync(c, ct) is { } problem ? problem : new Decide.Life.Decide(c.Life), ct);

    public Task<Outcome> RollOutAsync(Caller caller, string key, RollOutRequest request, string? reason, CancellationToken ct, Answer? answer = null) => ApplyAsync(
        caller, key, nameof(RollOut), reason, async c =>
        {
            var (served, problem) = Refusals.RollOut(c.Life.Version!, request);
            problem ??= served is null ? null : await ApprovalGate.CheckAsync(c, served.Share, c.Life.Version!.Metrics.Any(m => m.Guardrail));
            return problem is null ? new RollOut(c.Life, served!) : problem;
        }, ct, answer);

    public Task<Outcome> RollBackAsync(Caller caller, string key, string? reason, CancellationToken ct, Answer? answer = null) => ApplyAsync(
        caller, key, nameof(RollBack), reason, async c =>
        {
            if (string.IsNullOrWhiteSpace(reason)) return new FieldProblem("missing", "reason", "reason is required: who comes later wants to know");
            return (Refusals.RollBack(c.Life.Version!, c.Life.Status) ?? await EndsAsync(c, ct)) is { } problem ? problem : new RollBack(c.Life);
        }, ct, answer);

    public Task<Outcome> UndoAsync(Caller caller, string key, string? reason, CancellationToken ct) =>
        ApplyAsync(caller, key, nameof(Undo), reason, c => Ready(Refusals.Undo(c.Life), new Undo(c.Life)), ct);

    public Task<Outcome> ScheduleAsync(Caller caller, string key, PlanRequest request, CancellationToken ct) => ApplyAsync(caller, key, nameof(Schedule), null, async c =>
    {
        var (plan, problem) = PlanReading.Read(request, sites.TimeZoneOf(caller.Site), c.Now, hasStarted: c.Life.Version is not null);
        if (plan is null) return problem!;
        if (c.Life.Version is null && await ApprovalGate.CheckAsync(c, Risk.ShareOf(c.Stored.Definition), await HasGuardrailAsync(c, ct)) is { } gate) return gate;
        return new Schedule(c.Life, plan);
    }, ct);

    public Task<Outcome> SubmitAsync(Caller caller, string key, string? reason, CancellationToken ct) =>
        ApplyAsync(caller, key, nameof(Submit), reason, c => Ready(null, new Submit(c.Life)), ct);

    public Task<Outcome> WithdrawAsync(Caller caller, string key, string? reason, CancellationToken ct) =>
        ApplyAsync(caller, key, nameof(Withdraw), reason, c => Ready(null, new Withdraw(c.Life)), ct);

    public Task<Outcome> ArchiveAsync(Caller caller, string key, string? reason, CancellationToken ct) =>
        ApplyAsync(caller, key, nameof(Archive), reason, c => Ready(null, new Archive(c.Life)), ct);

    public Task<Outcome> ApproveAsync(Caller caller, string key, string? comment, CancellationToken ct) => ApplyAsync(caller, key, nameof(Approve), comment, async c =>
    {
        if (Approval.CannotReview(caller.Actor, c.Stored.CreatedBy, c.Stored.EditedBy) is { } problem) return problem;
        await GovernanceStore.AddReviewAsync(c.Transaction, caller.Site, key, new Review(c.Stored.DefinitionRevision, caller.Actor, true, comment, c.Now));
        return new Approve(c.Life);
    }, ct);

    public Task<Outcome> RejectAsync(Caller caller, string key, string? comment, CancellationToken ct) => ApplyAsync(caller, key, nameof(Reject), comment, async c =>
    {
        if (string.IsNullOrWhiteSpace(comment)) return new FieldProblem("missing", "reason", "reason is required: the author wants to know");
        await GovernanceStore.AddReviewAsync(c.Transaction, caller.Site, key, new Review(c.Stored.DefinitionRevision, caller.Actor, false, comment, c.Now));
        return new Reject(c.Life);
    }, ct);

    private Task<Outcome> ApplyAsync(
        Caller caller, string key, string @event, string? reason, Func<Changing, Task<Prepared>> prepare, CancellationToken ct, Answer? answer = null)
    {
        var problems = new FieldProblems();
        problems.Text(reason, "reason", 2_000);
        return problems.All.Count > 0 ? Task.FromResult(Outcome.Refused(problems.All[0])) : changes.ApplyAsync(caller, key, @event, reason, prepare, ct, answer);
    }

    private static Task<Prepared> Ready(FieldProblem? problem, LifeCommand command) => Task.FromResult(new Prepared(problem is null ? command : null, problem));

    private async Task<FieldProblem?> EndsAsync(Changing changing, CancellationToken ct) =>
        Refusals.Stop(changing.Life.Version!, await experiments.ListAsync(changing.Caller.Site, ct));

    private async Task<bool> HasGuardrailAsync(Changing changing, CancellationToken ct) =>
        (await metrics.FindAsync(changing.Caller.Site, [.. changing.Stored.Definition.Metrics!.Select(m => m!.Key!)], ct)).Any(m => m?.Guardrail == true);
}

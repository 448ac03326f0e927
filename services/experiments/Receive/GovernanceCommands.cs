using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Comments, and the rules by which experiments need an approval.</summary>
internal sealed class GovernanceCommands(CommandRunner runner, TimeProvider clock)
{
    public async Task<Outcome> CommentAsync(Caller caller, string key, CommentRequest request, CancellationToken ct)
    {
        var problems = new FieldProblems();
        if (string.IsNullOrWhiteSpace(request.Text)) problems.Missing("text");
        problems.Text(request.Text, "text", 4_000);
        if (problems.All.Count > 0) return Outcome.Refused(problems.All[0]);
        return await runner.RunAsync(caller, async transaction =>
        {
            if (await ExperimentStore.FindAsync(transaction, caller.Site, key) is null)
            {
                return Outcome.Refused(new FieldProblem("not_found", "key", $"there is no experiment '{key}'"));
            }

            var now = clock.GetUtcNow();
            var comment = await GovernanceStore.AddCommentAsync(transaction, caller.Site, key, caller.Actor, request.Text!, now);
            await AuditLog.AppendAsync(transaction, new AuditEntry(caller.Site, caller.Actor, "experiment.commented", "experiment", key, After: comment), now);
            return Outcome.Ok(comment, StatusCodes.Status201Created);
        }, ct);
    }

    public async Task<Outcome> SetRulesAsync(Caller caller, ApprovalRules rules, CancellationToken ct)
    {
        if (ApprovalRulesCheck.Check(rules) is { Count: > 0 } problems) return Outcome.Refused(problems[0]);
        return await runner.RunAsync(caller, async transaction =>
        {
            await ExperimentStore.LockSiteAsync(transaction, caller.Site);
            var before = await GovernanceStore.RulesAsync(transaction.Connection!, caller.Site);
            await GovernanceStore.SetRulesAsync(transaction, caller.Site, rules);
            await AuditLog.AppendAsync(
                transaction, new AuditEntry(caller.Site, caller.Actor, "approval_rules.changed", "approval_rules", "rules", before, rules), clock.GetUtcNow());
            return Outcome.Ok(rules);
        }, ct);
    }
}

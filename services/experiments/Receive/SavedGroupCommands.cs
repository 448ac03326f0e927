using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Changes saved groups; the answer waits until the change is published.</summary>
internal sealed class SavedGroupCommands(CommandRunner runner, SavedGroupStore store)
{
    public async Task<Outcome> CreateAsync(Caller caller, SavedGroupRequest group, CancellationToken ct)
    {
        if (SavedGroupRules.Check(group) is [var first, ..]) return Outcome.Refused(first);
        return await runner.RunAsync(caller, async transaction => await store.TryAddAsync(transaction, caller.Site, caller.Actor, group) is { } publication
            ? Outcome.Ok(group, StatusCodes.Status201Created) with { Publication = publication }
            : Outcome.Refused(new FieldProblem("conflict", "key", $"there is a saved group '{group.Key}' already")), ct);
    }

    public async Task<Outcome> ReplaceAsync(Caller caller, string key, SavedGroupRequest group, CancellationToken ct)
    {
        group = group with { Key = key };
        if (SavedGroupRules.Check(group) is [var first, ..]) return Outcome.Refused(first);
        return await runner.RunAsync(caller, async transaction => await store.TryReplaceAsync(transaction, caller.Site, caller.Actor, group) is { } publication
            ? Outcome.Ok(group) with { Publication = publication }
            : Outcome.Refused(new FieldProblem("not_found", "key", $"there is no saved group '{key}'")), ct);
    }
}

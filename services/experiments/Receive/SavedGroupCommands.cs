using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Changes saved groups: checks, stores, and waits until the change is published.</summary>
internal sealed class SavedGroupCommands(SavedGroupStore store, Publisher publisher)
{
    /// <summary>Null if it was created and published.</summary>
    public async Task<FieldProblem?> CreateAsync(string site, string actor, SavedGroupRequest group, CancellationToken ct) =>
        SavedGroupRules.Check(group) is { Count: > 0 } problems
            ? problems[0]
            : await PublishedAsync(await store.TryAddAsync(site, actor, group, ct), new FieldProblem("conflict", "key", $"there is a saved group '{group.Key}' already"), ct);

    /// <summary>Null if it was replaced and published.</summary>
    public async Task<FieldProblem?> ReplaceAsync(string site, string actor, SavedGroupRequest group, CancellationToken ct) =>
        SavedGroupRules.Check(group) is { Count: > 0 } problems
            ? problems[0]
            : await PublishedAsync(await store.TryReplaceAsync(site, actor, group, ct), new FieldProblem("not_found", "key", $"there is no saved group '{group.Key}'"), ct);

    private async Task<FieldProblem?> PublishedAsync(long? id, FieldProblem notWritten, CancellationToken ct)
    {
        if (id is null) return notWritten;
        return await publisher.PublishedAsync(id.Value, ct)
            ? null
            : new FieldProblem("not_published_yet", null, "the change is stored and will be published as soon as the log answers");
    }
}

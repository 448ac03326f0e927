using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Carries commands out: checks, decides, stores, and waits until the new version is published.</summary>
internal sealed class ExperimentCommands(
    ExperimentStore experiments, MetricStore metrics, SavedGroupStore groups, SiteDirectory sites, Publisher publisher, TimeProvider clock)
{
    /// <summary>A version is one record of the log, and a record has an end.</summary>
    private const int MaxDefinition = 524_288;

    /// <summary>Null if it was created.</summary>
    public async Task<FieldProblem?> CreateAsync(string site, ExperimentRequest draft, CancellationToken ct)
    {
        var problems = new FieldProblems();
        draft = VariantDesign.Complete(draft, problems);
        if (problems.All.Count > 0) return problems.All[0];
        if (ExperimentRules.Check(draft) is { Count: > 0 } faults) return faults[0];
        if (JsonSerializer.SerializeToUtf8Bytes(draft, JsonBody.Options).Length > MaxDefinition)
        {
            return new FieldProblem("too_long", null, $"an experiment may have {MaxDefinition} bytes");
        }

        if (await MissingMetricAsync(site, draft, ct) is { } missing) return missing;
        if (References.Check(draft, await experiments.ListAsync(site, ct), await groups.KeysAsync(site, ct)) is { } problem) return problem;
        return await experiments.TryAddAsync(site, draft, clock.GetUtcNow(), ct) ? null : Conflict($"there is an experiment '{draft.Key}' already", "key");
    }

    /// <summary>Null if the transition was made and published.</summary>
    public Task<FieldProblem?> TransitAsync(string site, string key, string command, CancellationToken ct) => ChangeAsync(site, key, async (stored, now) =>
    {
        switch (command, stored.Status, stored.Published)
        {
            case ("start", "draft", _): return await StartAsync(site, stored.Definition, now, ct);
            case ("resume", "paused", { } paused): return (LifeCycle.Resume(paused, now), null);
            case ("pause", "running", { } running):
                return LifeCycle.CannotPause(running) is { } kept ? (null, kept) : (LifeCycle.Pause(running, now), null);
            case ("stop", "running" or "paused", { } live):
                return LifeCycle.CannotStop(live, await experiments.ListAsync(site, ct)) is { } needed ? (null, needed) : (LifeCycle.Stop(live, now), null);
            default: return (null, Conflict($"an experiment that is {stored.Status} cannot {command}"));
        }
    }, ct);

    /// <summary>Null if the new phase has begun and was published.</summary>
    public Task<FieldProblem?> ChangePhaseAsync(string site, string key, PhaseRequest request, CancellationToken ct) => ChangeAsync(site, key, async (stored, now) =>
    {
        if (stored is not { Status: "running" or "paused", Published: { } live }) return (null, Conflict($"an experiment that is {stored.Status} has no phases to begin"));
        var (next, problem) = PhaseChange.Apply(live, request, now);
        problem ??= References.UnknownGroup(request.Targeting, await groups.KeysAsync(site, ct));
        return problem is null ? (next, null) : (null, problem);
    }, ct);

    private async Task<(Experiment? Next, FieldProblem? Problem)> StartAsync(string site, ExperimentRequest draft, long now, CancellationToken ct)
    {
        var (placement, problem) = Placement.Find(draft, await experiments.ListAsync(site, ct));
        if (placement is null) return (null, problem);
        var pinned = await metrics.FindAsync(site, [.. draft.Metrics!.Select(m => m!.Key!)], ct);
        return (Draft.ToExperiment(site, sites.TimeZoneOf(site), draft, [.. pinned.Select(m => m!)], placement, now), null);
    }

    private async Task<FieldProblem?> ChangeAsync(
        string site, string key, Func<StoredExperiment, long, Task<(Experiment? Next, FieldProblem? Problem)>> decide, CancellationToken ct)
    {
        FieldProblem? problem = new("not_found", "key", $"there is no experiment '{key}'");
        var published = await experiments.ChangeAsync(site, key, async stored =>
        {
            (var next, problem) = await decide(stored, clock.GetUtcNow().ToUnixTimeMilliseconds());
            return next;
        }, ct);
        if (published is { } id && !await publisher.PublishedAsync(id, ct))
        {
            return new FieldProblem("not_published_yet", null, "the change is stored and will be published as soon as the log answers");
        }

        return problem;
    }

    private async Task<FieldProblem?> MissingMetricAsync(string site, ExperimentRequest draft, CancellationToken ct)
    {
        var keys = draft.Metrics!.Select(m => m!.Key!).ToList();
        var found = await metrics.FindAsync(site, keys, ct);
        var at = found.ToList().IndexOf(null);
        return at < 0 ? null : new FieldProblem("unknown_metric", $"metrics[{at}].key", $"there is no metric '{keys[at]}'");
    }

    private static FieldProblem Conflict(string message, string? field = null) => new("conflict", field, message);
}

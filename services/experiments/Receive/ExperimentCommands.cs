using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.Governance;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Commands that say what an experiment is: made, defined anew while it is a draft, changed while it runs.</summary>
internal sealed class ExperimentCommands(
    ExperimentChanges changes, CommandRunner runner, ExperimentStore experiments, MetricStore metrics, SavedGroupStore groups, TimeProvider clock)
{
    /// <summary>A version is one record of the log, and a record has an end.</summary>
    private const int MaxDefinition = 524_288;

    public async Task<Outcome> CreateAsync(Caller caller, ExperimentRequest draft, CancellationToken ct)
    {
        var (complete, problem) = await CheckAsync(caller.Site, draft, ct);
        if (complete is null) return Outcome.Refused(problem!);
        return await runner.RunAsync(caller, async transaction =>
        {
            var now = clock.GetUtcNow();
            await ExperimentStore.LockSiteAsync(transaction, caller.Site);
            if (await ExperimentStore.TryAddAsync(transaction, caller.Site, caller.Actor, complete, now) is not { } made)
            {
                return Outcome.Refused(new FieldProblem("conflict", "key", $"there is an experiment '{complete.Key}' already"));
            }

            await ExperimentStore.AddHistoryAsync(transaction, caller.Site, made.Key, new HistoryEntry(made.Revision, now, caller.Actor, "create", made.Status, 0, null));
            await AuditLog.AppendAsync(
                transaction, new AuditEntry(caller.Site, caller.Actor, "experiment.created", "experiment", made.Key, After: AuditedExperiment.Of(made, withDefinition: true)), now);
            return Outcome.Ok(await ExperimentView.WithHistoryAsync(transaction.Connection!, caller.Site, made), StatusCodes.Status201Created) with { ETag = made.ETag };
        }, ct);
    }

    /// <summary>Another definition of a draft.</summary>
    public async Task<Outcome> ReplaceAsync(Caller caller, string key, ExperimentRequest draft, CancellationToken ct)
    {
        if (draft.Key is { } other && other != key) return Outcome.Refused(new FieldProblem("not_allowed", "key", "an experiment keeps its key"));
        var (complete, problem) = await CheckAsync(caller.Site, draft with { Key = key }, ct);
        if (complete is null) return Outcome.Refused(problem!);
        return await changes.ApplyAsync(
            caller, key, nameof(Revise), null, c => Task.FromResult(new Prepared(new Revise(c.Life), Definition: complete, IsRedefined: true)), ct);
    }

    /// <summary>A draft's definition with these members in place of its own (RFC 7396), or a new phase, new metrics or both while it runs or pauses.</summary>
    public async Task<Outcome> PatchAsync(Caller caller, string key, JsonObject patch, CancellationToken ct)
    {
        if (await experiments.FindAsync(caller.Site, key, ct) is { Status: "draft" })
        {
            return await changes.ApplyAsync(caller, key, nameof(Revise), null, c => MergeAsync(c, patch, ct), ct);
        }

        var (request, problem) = JsonBody.Read<PhaseRequest>(patch);
        return request is null ? Outcome.Refused(problem!) : await ChangeAsync(caller, key, request, ct);
    }

    /// <summary>A new phase, new metrics or both, in one version.</summary>
    public Task<Outcome> ChangeAsync(Caller caller, string key, PhaseRequest request, CancellationToken ct) => changes.ApplyAsync(caller, key, nameof(Change), null, async c =>
    {
        var live = c.Life.Version!;
        var now = c.Life.NowMs;
        var (next, problem) = request.Metrics is null || request.ChangesPhase ? PhaseChange.Apply(live, request, now) : (Versions.Next(live, now), null);
        problem ??= References.UnknownGroup(request.Targeting, await groups.KeysAsync(caller.Site, ct));
        if (problem is not null) return problem;
        var definition = c.Stored.Definition;
        if (request.Metrics is { } references)
        {
            var (pinned, fault) = await PinAsync(caller.Site, references, ct);
            if (fault is not null) return fault;
            pinned = AnalysisChange.Pin(live, pinned!, now);
            if (AnalysisChange.Problem(live, pinned) is { } unchanged) return unchanged;
            next = AnalysisChange.Apply(next!, pinned);
            definition = definition with { Metrics = references };
        }

        var reachesMore = request.Coverage > live.CurrentPhase.Coverage || request.Targeting is not null;
        if (reachesMore && await ApprovalGate.CheckAsync(c, Risk.ShareOf(definition, next!.CurrentPhase.Coverage), next.Metrics.Any(m => m.Guardrail)) is { } gate) return gate;
        return new Prepared(new Change(c.Life, next!), Definition: definition, IsRedefined: true);
    }, ct);

    private async Task<Prepared> MergeAsync(Changing changing, JsonObject patch, CancellationToken ct)
    {
        var merged = MergePatch.Apply(JsonSerializer.SerializeToNode(changing.Stored.Definition, JsonBody.Options), patch);
        var (draft, problem) = JsonBody.Read<ExperimentRequest>(merged!);
        if (draft is null) return problem!;
        if (draft.Key != changing.Stored.Key) return new FieldProblem("not_allowed", "key", "an experiment keeps its key");
        (var complete, problem) = await CheckAsync(changing.Caller.Site, draft, ct);
        return complete is null ? problem! : new Prepared(new Revise(changing.Life), Definition: complete, IsRedefined: true);
    }

    /// <summary>The definition with what follows from it filled in, or what is wrong with it.</summary>
    private async Task<(ExperimentRequest? Complete, FieldProblem? Problem)> CheckAsync(string site, ExperimentRequest draft, CancellationToken ct)
    {
        var problems = new FieldProblems();
        draft = VariantDesign.Complete(draft, problems);
        if (problems.All.Count > 0) return (null, problems.All[0]);
        if (ExperimentRules.Check(draft) is { Count: > 0 } faults) return (null, faults[0]);
        if (JsonSerializer.SerializeToUtf8Bytes(draft, JsonBody.Options).Length > MaxDefinition)
        {
            return (null, new FieldProblem("too_long", null, $"an experiment may have {MaxDefinition} bytes"));
        }

        if ((await PinAsync(site, draft.Metrics!, ct)).Problem is { } missing) return (null, missing);
        var problem = References.Check(draft, await experiments.ListAsync(site, ct), await groups.KeysAsync(site, ct));
        return problem is null ? (draft, null) : (null, problem);
    }

    /// <summary>The metrics that are named, as they are defined now.</summary>
    private async Task<(IReadOnlyList<Experimentation.Metric>? Metrics, FieldProblem? Problem)> PinAsync(
        string site, IReadOnlyList<MetricReference?> references, CancellationToken ct)
    {
        var problems = new FieldProblems();
        ExperimentRules.CheckMetrics(references, problems);
        if (problems.All.Count > 0) return (null, problems.All[0]);
        var found = await metrics.FindAsync(site, [.. references.Select(r => r!.Key!)], ct);
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i] is null) return (null, new FieldProblem("unknown_metric", $"metrics[{i}].key", $"there is no metric '{references[i]!.Key}'"));
        }

        return ([.. found.Zip(references, (metric, reference) => MetricDraft.ToMetric(metric!, reference!.Weight))], null);
    }
}

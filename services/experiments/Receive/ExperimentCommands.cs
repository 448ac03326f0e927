using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Publish;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Carries commands out: checks, decides, stores, and waits until the new version is published.</summary>
internal sealed class ExperimentCommands(ExperimentStore experiments, MetricStore metrics, Publisher publisher, TimeProvider clock)
{
    /// <summary>Null if it was created.</summary>
    public async Task<FieldProblem?> CreateAsync(string site, ExperimentRequest draft, CancellationToken ct)
    {
        if (ExperimentRules.Check(draft) is { Count: > 0 } problems) return problems[0];
        if (await MissingMetricAsync(site, draft, ct) is { } missing) return missing;
        return await experiments.TryAddAsync(site, draft, clock.GetUtcNow(), ct) ? null : Conflict("key", $"there is an experiment '{draft.Key}' already");
    }

    /// <summary>Null if the transition was made and published.</summary>
    public async Task<FieldProblem?> TransitAsync(string site, string key, string command, CancellationToken ct)
    {
        FieldProblem? problem = new("not_found", "key", $"there is no experiment '{key}'");
        var published = await experiments.ChangeAsync(site, key, async stored =>
        {
            problem = null;
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            switch (command, stored.Status, stored.Published)
            {
                case ("start", "draft", _): return LifeCycle.Start(site, stored.Definition, await PinAsync(site, stored.Definition, ct), now);
                case ("pause", "running", { } running): return LifeCycle.Pause(running, now);
                case ("resume", "paused", { } paused): return LifeCycle.Resume(paused, now);
                case ("stop", "running" or "paused", { } live): return LifeCycle.Stop(live, now);
                default:
                    problem = Conflict(null, $"an experiment that is {stored.Status} cannot {command}");
                    return null;
            }
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

    private async Task<IReadOnlyList<MetricRequest>> PinAsync(string site, ExperimentRequest draft, CancellationToken ct) =>
        [.. (await metrics.FindAsync(site, [.. draft.Metrics!.Select(m => m!.Key!)], ct)).Select(m => m!)];

    private static FieldProblem Conflict(string? field, string message) => new("conflict", field, message);
}

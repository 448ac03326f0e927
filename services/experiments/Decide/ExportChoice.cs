using CroPlatform.Experimentation.Targeting;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>Which experiments belong into one file. Pure.</summary>
internal static class ExportChoice
{
    /// <param name="wanted">Keys; null: all.</param>
    /// <returns>Those, and the holdouts and prerequisites that they name, in the order of their keys.</returns>
    public static IReadOnlyList<ExperimentRequest> Of(IReadOnlyDictionary<string, ExperimentRequest> all, IReadOnlySet<string>? wanted)
    {
        var chosen = new SortedDictionary<string, ExperimentRequest>(StringComparer.Ordinal);
        var waiting = new Queue<string>(wanted ?? all.Keys.ToHashSet());
        while (waiting.TryDequeue(out var key))
        {
            if (!all.TryGetValue(key, out var experiment) || !chosen.TryAdd(key, experiment)) continue;
            foreach (var named in (experiment.Holdouts ?? []).Concat((experiment.Prerequisites ?? []).Select(p => p!.Experiment))) waiting.Enqueue(named!);
        }

        return [.. chosen.Values];
    }

    /// <summary>The saved groups that their targeting names.</summary>
    public static IEnumerable<string> Groups(IEnumerable<ExperimentRequest> experiments) =>
        experiments.Select(e => e.Targeting).Where(t => t is not null).SelectMany(t => Condition.Parse(t!.Value).Groups);
}

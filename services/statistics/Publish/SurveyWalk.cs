using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>One walk over all units of a site, for some of its experiments. What it finds is of the moment at which it began.</summary>
internal sealed class SurveyWalk(SurveyStore store, string site, IReadOnlyList<Experiment> experiments, TimeZoneInfo zone)
{
    /// <summary>Analysed units from which the values of dimensions are chosen for good.</summary>
    private const int FreezeAt = 1_000;

    /// <summary>Distinct values that are counted at all.</summary>
    private const int MostValues = 10_000;

    private readonly Dictionary<string, ExperimentFold> _folds = experiments.ToDictionary(e => e.Key, e => new ExperimentFold(e));

    public async Task<IReadOnlyList<SurveyNumbers>> RunAsync(long nowMs, CancellationToken ct)
    {
        await using var snapshot = await store.OpenAsync(ct);
        var values = await ValuesAsync(snapshot, ct);
        var surveys = experiments.ToDictionary(e => e.Key, e => new SurveyNumbers(e));
        await foreach (var history in snapshot.ReadAsync(site, ct))
        {
            foreach (var fold in FoldsOf(history, _folds))
            {
                var key = fold.Experiment.Key;
                if (fold.Survey(history) is { } unit) surveys[key].Add(fold, history, unit, zone, values[key], nowMs);
            }
        }

        return [.. surveys.Values];
    }

    /// <summary>The frozen values; of experiments that have none yet the commonest, which are frozen if there are units enough.</summary>
    private async Task<Dictionary<string, IReadOnlyList<IReadOnlySet<string>>>> ValuesAsync(UnitSnapshot snapshot, CancellationToken ct)
    {
        var values = new Dictionary<string, IReadOnlyList<IReadOnlySet<string>>>();
        foreach (var fold in _folds.Values)
        {
            if (await store.ValuesAsync(fold.Experiment, ct) is { } frozen) values[fold.Experiment.Key] = frozen;
        }

        var open = _folds.Where(f => !values.ContainsKey(f.Key)).ToDictionary();
        if (open.Count == 0) return values;
        var counts = open.Keys.ToDictionary(k => k, _ => Array.ConvertAll([.. Dimensions.Names], _ => new Dictionary<string, int>()));
        var units = new Dictionary<string, int>();
        await foreach (var history in snapshot.ReadAsync(site, ct))
        {
            if (history.IsBot) continue;
            foreach (var fold in FoldsOf(history, open))
            {
                if (fold.Exposures(history) is not { First: { } first, IsCrossover: false }) continue;
                units[fold.Experiment.Key] = units.GetValueOrDefault(fold.Experiment.Key) + 1;
                foreach (var (count, value) in counts[fold.Experiment.Key].Zip(Dimensions.ValuesOf(history, first, zone)))
                {
                    if (count.Count < MostValues || count.ContainsKey(value)) count[value] = count.GetValueOrDefault(value) + 1;
                }
            }
        }

        foreach (var (key, fold) in open)
        {
            values[key] = [.. counts[key].Select(count => count
                .OrderByDescending(v => v.Value).ThenBy(v => v.Key, StringComparer.Ordinal).Take(SurveyNumbers.MaxValues).Select(v => v.Key).ToHashSet())];
            if (units.GetValueOrDefault(key) >= FreezeAt || fold.Experiment.StoppedMs > 0) await store.FreezeAsync(fold.Experiment, values[key], ct);
        }

        return values;
    }

    private static List<ExperimentFold> FoldsOf(UnitHistory history, Dictionary<string, ExperimentFold> folds)
    {
        var found = new List<ExperimentFold>();
        foreach (var fact in history.Facts)
        {
            if (fact.Exposure is { } exposure && folds.TryGetValue(exposure.Experiment, out var fold) && !found.Contains(fold)) found.Add(fold);
        }

        return found;
    }
}

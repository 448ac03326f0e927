using System.Diagnostics;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>One walk over all units of a site, for some of its experiments. What it finds is not older than the moment at which it began.</summary>
/// <param name="restFactor">After each page it rests so many times as long as that took: events are to be counted meanwhile.</param>
internal sealed class SurveyWalk(SurveyStore store, string site, IReadOnlyList<Experiment> experiments, TimeZoneInfo zone, double restFactor)
{
    /// <summary>Analysed units from which the values of dimensions are chosen for good.</summary>
    private const int FreezeAt = 1_000;

    /// <summary>Distinct values that are counted at all.</summary>
    private const int MostValues = 10_000;

    private readonly Dictionary<string, ExperimentFold> _folds = experiments.ToDictionary(e => e.Key, e => new ExperimentFold(e));

    /// <summary>How long it worked, without its rests.</summary>
    public TimeSpan Worked { get; private set; }

    public async Task<IReadOnlyList<SurveyNumbers>> RunAsync(long nowMs, CancellationToken ct)
    {
        var values = await ValuesAsync(ct);
        var surveys = experiments.ToDictionary(e => e.Key, e => new SurveyNumbers(e));
        await WalkAsync(_folds, (history, fold) =>
        {
            var key = fold.Experiment.Key;
            if (fold.Survey(history) is { } unit) surveys[key].Add(fold, history, unit, zone, values[key], nowMs);
        }, ct);
        return [.. surveys.Values];
    }

    /// <summary>Shows every unit to every experiment that it was exposed to.</summary>
    private async Task WalkAsync(Dictionary<string, ExperimentFold> folds, Action<UnitHistory, ExperimentFold> visit, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        await foreach (var page in store.ReadAsync(site, ct))
        {
            foreach (var history in page)
            {
                foreach (var fold in FoldsOf(history, folds)) visit(history, fold);
            }

            var took = Stopwatch.GetElapsedTime(started);
            Worked += took;
            await Task.Delay(took * restFactor, ct);
            started = Stopwatch.GetTimestamp();
        }

        Worked += Stopwatch.GetElapsedTime(started);
    }

    /// <summary>The frozen values; of experiments that have none yet the commonest, which are frozen if there are units enough.</summary>
    private async Task<Dictionary<string, IReadOnlyList<IReadOnlySet<string>>>> ValuesAsync(CancellationToken ct)
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
        await WalkAsync(open, (history, fold) =>
        {
            if (history.IsBot || fold.Exposures(history) is not { First: { } first, IsCrossover: false }) return;
            units[fold.Experiment.Key] = units.GetValueOrDefault(fold.Experiment.Key) + 1;
            foreach (var (count, value) in counts[fold.Experiment.Key].Zip(Dimensions.ValuesOf(history, first, zone)))
            {
                if (count.Count < MostValues || count.ContainsKey(value)) count[value] = count.GetValueOrDefault(value) + 1;
            }
        }, ct);

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
        foreach (var fact in history.AsSpan())
        {
            if (fact.Exposure is { } exposure && folds.TryGetValue(exposure.Experiment, out var fold) && !found.Contains(fold)) found.Add(fold);
        }

        return found;
    }
}

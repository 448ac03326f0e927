using System.Diagnostics;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>
/// Walks over all units of a site again and again while its experiments change, for what the aggregates cannot tell: dimensions, time since
/// exposure, excluded classes. One instance does it at a time. A walk costs as much as there are units, so it rests ten times as long as it took.
/// </summary>
internal sealed partial class Surveyor(
    NpgsqlDataSource source, NumbersReader numbers, SurveyStore store, CapStore caps, CatalogReader catalog, TimeProvider clock, IOptions<StatisticsOptions> options,
    ILogger<Surveyor> logger) : BackgroundService
{
    private const long LeaderLock = 7_230_114_905_551_002;
    private const int RestFactor = 10;

    /// <summary>Analysed units from which the values of dimensions are chosen for good.</summary>
    private const int FreezeAt = 1_000;

    /// <summary>Distinct values that are counted at all.</summary>
    private const int MostValues = 10_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.CaughtUp.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                await using var leader = await source.OpenConnectionAsync(stoppingToken);
                await using var acquire = new NpgsqlCommand($"select pg_try_advisory_lock({LeaderLock})", leader);
                if (await acquire.ExecuteScalarAsync(stoppingToken) is true)
                {
                    await SurveyAsync(stoppingToken);
                    // The connection goes back to the pool, where it would keep the lock.
                    await using var release = new NpgsqlCommand($"select pg_advisory_unlock({LeaderLock})", leader);
                    await release.ExecuteScalarAsync(stoppingToken);
                }
            }
            catch (NpgsqlException e)
            {
                LogRetry(e.Message);
            }

            var rest = Math.Max(options.Value.SurveyMs, RestFactor * Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(TimeSpan.FromMilliseconds(rest), stoppingToken);
        }
    }

    private async Task SurveyAsync(CancellationToken ct)
    {
        var (changes, taken) = (await numbers.ChangesAsync(ct), await store.TakenAsync(ct));
        var due = catalog.Current.Experiments.Select(v => v.Current).OfType<Experiment>().Where(e =>
        {
            var key = (e.Site, e.Key);
            return changes.TryGetValue(key, out var count) && !(taken.TryGetValue(key, out var last) && last == (e.Version, count));
        });
        foreach (var site in due.GroupBy(e => e.Site).ToList())
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(catalog.Current.Sites.Single(s => s.Key == site.Key).TimeZone);
            foreach (var survey in await WalkAsync(site.Key, [.. site], zone, ct))
            {
                await caps.FreezeAsync(survey.Experiment, survey.Cut.Caps(), clock.GetUtcNow(), ct);
                await store.SaveAsync(survey, changes[(survey.Experiment.Site, survey.Experiment.Key)], clock.GetUtcNow(), ct);
            }
        }
    }

    private async Task<IReadOnlyList<SurveyNumbers>> WalkAsync(string site, IReadOnlyList<Experiment> experiments, TimeZoneInfo zone, CancellationToken ct)
    {
        await using var snapshot = await store.OpenAsync(ct);
        var folds = experiments.ToDictionary(e => e.Key, e => new ExperimentFold(e));
        var values = await ValuesAsync(snapshot, site, folds, zone, ct);
        var surveys = experiments.ToDictionary(e => e.Key, e => new SurveyNumbers(e));
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        await foreach (var history in snapshot.ReadAsync(site, ct))
        {
            foreach (var fold in FoldsOf(history, folds))
            {
                if (fold.Survey(history) is { } unit) surveys[fold.Experiment.Key].Add(fold, history, unit, zone, values[fold.Experiment.Key], now);
            }
        }

        return [.. surveys.Values];
    }

    /// <summary>The frozen values; of experiments that have none yet the commonest, which are frozen if there are units enough.</summary>
    private async Task<Dictionary<string, IReadOnlyList<IReadOnlySet<string>>>> ValuesAsync(
        UnitSnapshot snapshot, string site, Dictionary<string, ExperimentFold> folds, TimeZoneInfo zone, CancellationToken ct)
    {
        var values = new Dictionary<string, IReadOnlyList<IReadOnlySet<string>>>();
        foreach (var fold in folds.Values)
        {
            if (await store.ValuesAsync(fold.Experiment, ct) is { } frozen) values[fold.Experiment.Key] = frozen;
        }

        var open = folds.Where(f => !values.ContainsKey(f.Key)).ToDictionary();
        if (open.Count == 0) return values;
        var counts = open.Keys.ToDictionary(k => k, _ => Array.ConvertAll([.. Dimensions.Names], _ => new Dictionary<string, int>()));
        var units = new Dictionary<string, int>();
        await foreach (var history in snapshot.ReadAsync(site, ct))
        {
            foreach (var fold in FoldsOf(history, open))
            {
                if (fold.Survey(history) is not { Contribution.Standing: Standing.Analysed } unit) continue;
                units[fold.Experiment.Key] = units.GetValueOrDefault(fold.Experiment.Key) + 1;
                foreach (var (count, value) in counts[fold.Experiment.Key].Zip(Dimensions.ValuesOf(history, unit.Exposed!, zone)))
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

    private static IEnumerable<ExperimentFold> FoldsOf(UnitHistory history, Dictionary<string, ExperimentFold> folds) => history.Facts
        .Select(f => f.Exposure?.Experiment).OfType<string>().Distinct().Select(folds.GetValueOrDefault).OfType<ExperimentFold>();

    [LoggerMessage(Level = LogLevel.Warning, Message = "the survey waits: {Reason}")]
    private partial void LogRetry(string reason);
}

using System.Diagnostics;
using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Store;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>
/// Walks over all units of a site again and again while its experiments change, for what the aggregates cannot tell: dimensions, time since
/// exposure, excluded classes. One instance does it at a time. A walk costs as much as there are units, so it rests ten times as long as it took, or as long as
/// what it found may still be told.
/// </summary>
internal sealed partial class Surveyor(
    NpgsqlDataSource source, NumbersReader numbers, SurveyStore store, CapStore caps, CatalogReader catalog, TimeProvider clock, IOptions<StatisticsOptions> options,
    ILogger<Surveyor> logger) : BackgroundService
{
    private const long LockKey = 7_230_114_905_551_002;

    /// <summary>How old what is told may be: from the moment of one walk to the end of the next.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    private const int RestFactor = 10;

    /// <summary>A walk is spread over this time if it can be.</summary>
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(15);

    private const double MostRestWithin = 4;

    /// <summary>How long the last walk over each site worked.</summary>
    private readonly Dictionary<string, TimeSpan> _worked = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.CaughtUp.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                await LeaderLock.TryRunAsync(source, LockKey, _ => SurveyAsync(stoppingToken), stoppingToken);
            }
            catch (NpgsqlException e)
            {
                LogRetry(e.Message);
            }

            await Task.Delay(RestAfter(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(options.Value.SurveyMs)), stoppingToken);
        }
    }

    /// <summary>
    /// Ten times as long as it took, or less, so that the next walk, which will take as long, ends before the last one is too old; but at least as long as
    /// it took, and as is configured.
    /// </summary>
    public static TimeSpan RestAfter(TimeSpan walk, TimeSpan least)
    {
        var young = MaxAge - 2 * walk;
        var rest = RestFactor * walk < young ? RestFactor * walk : young;
        if (rest < walk) rest = walk;
        return rest > least ? rest : least;
    }

    /// <summary>For how long a walk rests after each page, as a multiple of what the page took, if the last walk worked so long.</summary>
    public static double RestWithin(TimeSpan worked) => worked == default ? 1 : Math.Clamp(Spread / worked - 1, 0, MostRestWithin);

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
            var now = clock.GetUtcNow();
            var walk = new SurveyWalk(store, site.Key, [.. site], zone, RestWithin(_worked.GetValueOrDefault(site.Key)));
            var surveys = await walk.RunAsync(now.ToUnixTimeMilliseconds(), ct);
            _worked[site.Key] = walk.Worked;
            foreach (var survey in surveys)
            {
                await caps.FreezeAsync(survey.Experiment, survey.Cut.Caps(), now, ct);
                await store.SaveAsync(survey, changes[(survey.Experiment.Site, survey.Experiment.Key)], now, ct);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "the survey waits: {Reason}")]
    private partial void LogRetry(string reason);
}

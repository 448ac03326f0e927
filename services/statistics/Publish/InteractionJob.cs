using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>
/// Tests all pairs of a site's running experiments for interaction: every night, and when somebody asks. One instance does it at a time; when it was done
/// last stands in the database, so nothing is lost with a process.
/// </summary>
internal sealed partial class InteractionJob(
    NpgsqlDataSource source, InteractionStore store, SurveyStore units, CatalogReader catalog, TimeProvider clock, IOptions<StatisticsOptions> options,
    ILogger<InteractionJob> logger) : BackgroundService
{
    private const long LockKey = 7_230_114_905_551_003;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Whether a site's pairs are to be tested now.</summary>
    public static bool IsDue(InteractionRun? last, DateTimeOffset now, int hourUtc)
    {
        if (last?.ComputedAt is not { } computed) return true;
        var tonight = new DateTimeOffset(now.UtcDateTime.Date.AddHours(hourUtc), TimeSpan.Zero);
        var night = tonight <= now ? tonight : tonight.AddDays(-1);
        return computed < night || last.RequestedAt > computed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.CaughtUp.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (NpgsqlException e)
            {
                LogRetry(e.Message);
            }

            await Task.Delay(Interval, stoppingToken);
        }
    }

    private async Task RunAsync(CancellationToken ct)
    {
        if ((await DueAsync(ct)).Count == 0) return;
        await LeaderLock.TryRunAsync(
            source,
            LockKey,
            async _ =>
            {
                // Somebody else may have done it in the meantime.
                foreach (var site in await DueAsync(ct)) await TestAsync(site, ct);
            },
            ct);
    }

    private async Task<IReadOnlyList<string>> DueAsync(CancellationToken ct)
    {
        var (runs, now) = (await store.RunsAsync(ct), clock.GetUtcNow());
        return [.. catalog.Current.Sites.Select(s => s.Key).Where(site => IsDue(runs.GetValueOrDefault(site), now, options.Value.InteractionsHourUtc))];
    }

    private async Task TestAsync(string site, CancellationToken ct)
    {
        // From before the walk: who asks while it goes on is not answered by it.
        var now = clock.GetUtcNow();
        var running = catalog.Current.Experiments.Select(v => v.Current).OfType<Experiment>().Where(e => e.Site == site && e.Status == ExperimentStatus.Running).ToList();
        var pairs = new SitePairs(running);
        if (running.Count > 1)
        {
            await foreach (var page in units.ReadAsync(site, ct))
            {
                foreach (var history in page) pairs.Add(history);
            }
        }

        await store.SaveAsync(site, Interactions.Of(pairs, now), running, ct);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "interactions wait: {Reason}")]
    private partial void LogRetry(string reason);
}

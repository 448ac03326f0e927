using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>
/// Judges each experiment whose stored numbers or version changed, and from time to time those whose verdict is open, since days pass and
/// windows close by themselves; publishes the results. One instance does it at a time: the one that holds an advisory lock.
/// </summary>
internal sealed partial class ResultsPublisher(
    NpgsqlDataSource source, LookStore looks, HistoryStore history, CapStore caps, InteractionStore interactions, PartitionStore partitions, CatalogReader catalog,
    RecordProducer producer, PublishMetrics metrics, TimeProvider clock, IOptions<StatisticsOptions> options, ILogger<ResultsPublisher> logger) : BackgroundService
{
    private const long LockKey = 7_230_114_905_551_001;

    /// <summary>How often the hour's row of the history is set, for an experiment whose results change all the time.</summary>
    private const long HistoryMs = 5_000;

    /// <summary>How often it looks whether a checkpoint was made.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(25);

    /// <summary>So many looks without another checkpoint: that was the last one for now.</summary>
    private const int StillLooks = 1;

    private const int LeastForAThread = 8;
    private const int MostThreads = 2;

    /// <param name="Sent">Done when the log has it.</param>
    private sealed record Judged(Experiment Experiment, ExperimentResults Results, Task Sent);

    /// <summary>What was published last of an experiment.</summary>
    private readonly record struct Published(long Changes, int Version, bool IsOpen, long AtMs)
    {
        private const long OpenVerdictMs = 30_000;

        public bool StillStands(long changes, int version) =>
            Changes == changes && Version == version && (!IsOpen || Environment.TickCount64 - AtMs < OpenVerdictMs);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.CaughtUp.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LeaderLock.TryRunAsync(source, LockKey, leader => LeadAsync(leader, stoppingToken), stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or LogUnavailableException or InvalidOperationException)
            {
                // InvalidOperationException: the leader's connection was closed under it.
                LogRetry(e.Message);
            }

            await Task.Delay(options.Value.ResultsMs, stoppingToken);
        }
    }

    /// <summary>Publishes for as long as the connection that holds the lock answers.</summary>
    private async Task LeadAsync(NpgsqlConnection leader, CancellationToken ct)
    {
        var numbers = new NumbersFeed(source);
        var published = new Dictionary<(string Site, string Experiment), Published>();
        var unwritten = new Dictionary<(string Site, string Experiment), ExperimentResults>();
        var writtenAt = Environment.TickCount64;
        while (!ct.IsCancellationRequested)
        {
            await using (var alive = new NpgsqlCommand("select 1", leader)) await alive.ExecuteScalarAsync(ct);
            var (position, began) = (await numbers.PositionAsync(ct), Stopwatch.GetTimestamp());
            var (changes, warnings) = (await numbers.ChangesAsync(ct), await interactions.WarningsAsync(ct));
            var due = catalog.Current.Experiments.Select(v => v.Current).OfType<Experiment>().Where(e => !published.TryGetValue((e.Site, e.Key), out var last)
                || !last.StillStands(changes.GetValueOrDefault((e.Site, e.Key)), e.Version)).ToList();
            await numbers.ReadAsync(due, ct);
            var since = metrics.Took(PublishMetrics.Read, began);
            var judged = await JudgeAsync(due, numbers, warnings, ct);
            since = metrics.Took(PublishMetrics.Judge, since);
            foreach (var (experiment, results, _) in judged)
            {
                var key = (experiment.Site, experiment.Key);
                published[key] = new Published(changes.GetValueOrDefault(key), experiment.Version, results.Decision.Value == "undecided", Environment.TickCount64);
                unwritten[key] = results;
                if (experiment.StoppedMs > 0) numbers.Forget(experiment);
            }

            await Task.WhenAll(judged.Select(j => j.Sent));
            metrics.Took(PublishMetrics.Write, since);
            if (Environment.TickCount64 - writtenAt >= HistoryMs)
            {
                await history.SaveAsync(unwritten.Select(r => (r.Key.Site, r.Value)), ct);
                unwritten.Clear();
                writtenAt = Environment.TickCount64;
            }

            await CheckpointsAsync(numbers, position, began, ct);
        }
    }

    /// <summary>
    /// Waits until checkpoints were made after this position and no more are coming just now, since those of one process come together: a round that began
    /// among them would leave the rest to the next one. If none is made, then for a while, since time alone changes results, too.
    /// </summary>
    private async Task CheckpointsAsync(NumbersFeed numbers, long position, long began, CancellationToken ct)
    {
        var usual = TimeSpan.FromMilliseconds(options.Value.ResultsMs);
        var least = Stopwatch.GetElapsedTime(began) / 4;
        await Task.Delay(least > Look ? least : Look, ct);
        for (var (last, still, changedAt) = (position, 0, 0L); ; await Task.Delay(Look, ct))
        {
            var now = await numbers.PositionAsync(ct);
            still = now == last && !partitions.IsSaving ? still + 1 : 0;
            last = now;
            if (now == position && !partitions.IsSaving)
            {
                if (Stopwatch.GetElapsedTime(began) >= 2 * usual) return;
                continue;
            }

            if (changedAt == 0) changedAt = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(began) < usual / 2) continue;
            if (still >= StillLooks || Stopwatch.GetElapsedTime(changedAt) >= usual / 2) return;
        }
    }

    /// <summary>
    /// Judges and sends, on a few threads of their own: in the pool, which folds keep busy, each experiment would wait its turn, and one thread alone gets too
    /// small a share of busy cores.
    /// </summary>
    private async Task<IReadOnlyCollection<Judged>> JudgeAsync(
        List<Experiment> due, NumbersFeed numbers, ILookup<(string Site, string Experiment), Reason> warnings, CancellationToken ct)
    {
        var waiting = new ConcurrentQueue<(Experiment Experiment, Numbers Stood)>(due.Select(e => (e, numbers.Of(e))));
        var judged = new ConcurrentBag<Judged>();
        await Task.WhenAll(Enumerable.Range(0, Math.Clamp(due.Count / LeastForAThread, 1, MostThreads)).Select(_ => Task.Factory.StartNew(
            () =>
            {
                while (waiting.TryDequeue(out var next)) judged.Add(JudgeAsync(next.Experiment, next.Stood, warnings, ct).GetAwaiter().GetResult());
            },
            ct, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return judged;
    }

    private async Task<Judged> JudgeAsync(Experiment experiment, Numbers stood, ILookup<(string Site, string Experiment), Reason> warnings, CancellationToken ct)
    {
        var (taken, now) = (await looks.ReadAsync(experiment, ct), clock.GetUtcNow());
        if (Analyst.LookDue(experiment, stood, taken, now) is { } due)
        {
            await looks.TakeAsync(experiment, due, ct);
            taken = await looks.ReadAsync(experiment, ct);
        }

        var results = Analyst.Analyse(experiment, stood, taken, now, [.. warnings[(experiment.Site, experiment.Key)]]);
        var record = Wire(experiment, results, await caps.ReadAsync(experiment, ct));
        return new Judged(experiment, results, producer.ProduceAsync(Topics.Results, $"{experiment.Site}|{experiment.Key}", record, ct));
    }

    public static Contracts.Statistics.ExperimentResults Wire(Experiment experiment, ExperimentResults results, IEnumerable<FrozenCap> caps)
    {
        var wire = new Contracts.Statistics.ExperimentResults
        {
            Site = experiment.Site,
            Experiment = results.Experiment,
            Version = (uint)results.Version,
            Status = results.Status,
            AsOfMs = results.AsOf.ToUnixTimeMilliseconds(),
            ResultsJson = UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(results, ExperimentResults.Json)),
        };
        wire.FrozenCaps.AddRange(caps.Select(c => new Contracts.Statistics.FrozenCap
        {
            Metric = c.Metric,
            AnalysisRevision = (uint)experiment.AnalysisRevision,
            CapE4 = c.CapE4,
            Units = c.Units,
        }));
        return wire;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "results wait: {Reason}")]
    private partial void LogRetry(string reason);
}

using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Kafka;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Store;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>
/// Judges each experiment whose stored numbers or version changed, and publishes the results. One instance does it at a time: the one
/// that holds an advisory lock.
/// </summary>
internal sealed partial class ResultsPublisher(
    NpgsqlDataSource source, NumbersReader numbers, CatalogReader catalog, RecordProducer producer, TimeProvider clock, IOptions<StatisticsOptions> options,
    ILogger<ResultsPublisher> logger) : BackgroundService
{
    private const long LeaderLock = 7_230_114_905_551_001;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await catalog.CaughtUp.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LeadAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or LogUnavailableException)
            {
                LogRetry(e.Message);
            }

            await Task.Delay(options.Value.ResultsMs, stoppingToken);
        }
    }

    /// <summary>Publishes for as long as this connection holds the lock.</summary>
    private async Task LeadAsync(CancellationToken ct)
    {
        await using var leader = await source.OpenConnectionAsync(ct);
        await using var acquire = new NpgsqlCommand($"select pg_try_advisory_lock({LeaderLock})", leader);
        if (await acquire.ExecuteScalarAsync(ct) is not true) return;
        var published = new Dictionary<(string Site, string Experiment), (long Changes, int Version)>();
        while (!ct.IsCancellationRequested)
        {
            await using (var alive = new NpgsqlCommand("select 1", leader)) await alive.ExecuteScalarAsync(ct);
            var changes = await numbers.ChangesAsync(ct);
            foreach (var experiment in catalog.Current.Experiments.Select(v => v.Current).OfType<Experimentation.Experiment>())
            {
                var key = (experiment.Site, experiment.Key);
                var count = changes.GetValueOrDefault(key);
                if (published.TryGetValue(key, out var last) && last.Changes == count && last.Version == experiment.Version) continue;
                await PublishAsync(experiment, ct);
                published[key] = (count, experiment.Version);
            }

            await Task.Delay(options.Value.ResultsMs, ct);
        }
    }

    private async Task PublishAsync(Experimentation.Experiment experiment, CancellationToken ct)
    {
        var results = Analyst.Analyse(experiment, await numbers.ReadAsync(experiment, ct), clock.GetUtcNow());
        await producer.ProduceAsync(Topics.Results, $"{experiment.Site}|{experiment.Key}", Wire(experiment.Site, results), ct);
    }

    public static Contracts.Statistics.ExperimentResults Wire(string site, ExperimentResults results) => new()
    {
        Site = site,
        Experiment = results.Experiment,
        Version = (uint)results.Version,
        Status = results.Status,
        AsOfMs = results.AsOf.ToUnixTimeMilliseconds(),
        ResultsJson = UnsafeByteOperations.UnsafeWrap(JsonSerializer.SerializeToUtf8Bytes(results, ExperimentResults.Json)),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "results wait: {Reason}")]
    private partial void LogRetry(string reason);
}

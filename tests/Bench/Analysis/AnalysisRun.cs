using System.Diagnostics;
using CroPlatform.Contracts;
using CroPlatform.Services.Statistics;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Publish;
using CroPlatform.Services.Statistics.Store;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CroPlatform.Bench.Analysis;

/// <summary>Rates are for each second of processor time.</summary>
internal sealed record AnalysisMeasurement(
    double FoldedPerSecond, double StoredPerSecond, long MemoryPerUnit, long BytesPerUnit, long Cells, TimeSpan Recovery, TimeSpan Results, double SurveyedPerSecond);

/// <summary>One case in one schema.</summary>
internal sealed class AnalysisRun(NpgsqlDataSource source, string schema, AnalysisCase its)
{
    private const int Batch = 5_000;
    private const int CheckpointEvery = 50_000;

    private readonly PartitionTraffic _traffic = new(its);

    public async Task<AnalysisMeasurement> MeasureAsync()
    {
        await using var services = new ServiceCollection().AddMetrics().AddSingleton<FoldMetrics>().BuildServiceProvider();
        var metrics = services.GetRequiredService<FoldMetrics>();
        var store = new PartitionStore(source, metrics);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var fold = await OpenAsync();
        var (folding, storing) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var offset = 0; offset < its.AllEvents; offset += Batch)
        {
            var batch = Enumerable.Range(offset, Batch).Select(_traffic.Next).ToList();
            folding += await CoresAsync(() => fold.FoldAsync(batch, CancellationToken.None));
            if ((offset + Batch) % CheckpointEvery == 0) storing += await CoresAsync(() => fold.CheckpointAsync(CancellationToken.None));
        }

        storing += await CoresAsync(() => fold.CheckpointAsync(CancellationToken.None));
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(fold);
        var (units, bytes, cells) = await SizesAsync();
        var next = Enumerable.Range(its.AllEvents, Batch).Select(_traffic.Next).ToList();
        var recovery = Stopwatch.StartNew();
        await (await OpenAsync()).FoldAsync(next, CancellationToken.None);
        recovery.Stop();
        return new AnalysisMeasurement(
            its.AllEvents / folding.TotalSeconds, its.AllEvents / (folding + storing).TotalSeconds, memory / units, bytes / units, cells, recovery.Elapsed,
            await ResultsAsync(), units / (await SurveyAsync()).TotalSeconds);

        async Task<PartitionFold> OpenAsync() => new(
            store, await store.OpenAsync(Topics.Events, 0, "log", _traffic.Catalog, CancellationToken.None), () => _traffic.Catalog,
            new StatisticsOptions { CachedUnits = 10_000_000 }, metrics, NullLogger.Instance, PartitionFold.NothingLinked);
    }

    /// <summary>Read, analysed and written as JSON: the mean over experiments.</summary>
    private async Task<TimeSpan> ResultsAsync()
    {
        var feed = new NumbersFeed(source);
        var experiments = _traffic.Catalog.Experiments.Select(v => v.Current!).ToList();
        await feed.ChangesAsync(CancellationToken.None);
        var took = Stopwatch.StartNew();
        await feed.ReadAsync(experiments, CancellationToken.None);
        foreach (var experiment in experiments)
        {
            var results = Analyst.Analyse(experiment, feed.Of(experiment), [], DateTimeOffset.FromUnixTimeMilliseconds(PartitionTraffic.Start).AddDays(9));
            if (results.Exposures == 0 || System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(results, ExperimentResults.Json).Length == 0) throw new BenchException("nothing was counted");
        }

        return took.Elapsed / experiments.Count;
    }

    private Task<TimeSpan> SurveyAsync() => CoresAsync(async () =>
    {
        var walk = new SurveyWalk(new SurveyStore(source), "s", [.. _traffic.Catalog.Experiments.Select(v => v.Current!)], TimeZoneInfo.Utc, restFactor: 0);
        var surveys = await walk.RunAsync(PartitionTraffic.Start + 9 * 86_400_000L, CancellationToken.None);
        if (surveys.Sum(s => s.Units) == 0) throw new BenchException("nothing was surveyed");
    });

    /// <summary>Processor time of this process and its Postgres backends.</summary>
    private async Task<TimeSpan> CoresAsync(Func<Task> work)
    {
        var before = await UsedAsync();
        await work();
        return await UsedAsync() - before;
    }

    private async Task<TimeSpan> UsedAsync()
    {
        var used = TimeSpan.Zero;
        await using var command = source.CreateCommand($"select pid from pg_stat_activity where application_name = '{schema}'");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) used += BackendTime(reader.GetInt32(0));
        return used + Environment.CpuUsage.TotalTime;
    }

    /// <summary>User and system time in ticks of 10 ms, the 14th and 15th field; names with spaces end with a parenthesis.</summary>
    private static TimeSpan BackendTime(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11]) + long.Parse(fields[12])));
    }

    private async Task<(long Units, long Bytes, long Cells)> SizesAsync()
    {
        await using var command = source.CreateCommand(
            $"select (select count(*) from units), pg_total_relation_size('\"{schema}\".units'), (select count(*) from aggregates)");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }
}

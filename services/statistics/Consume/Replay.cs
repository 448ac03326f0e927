using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace CroPlatform.Services.Statistics.Consume;

/// <summary>
/// Computes an experiment again from the log, up to where its stored numbers stand, in a schema of its own, and compares: the same log and the
/// same versions must give the same numbers to the last digit. The live service is not disturbed.
/// </summary>
internal sealed class Replay(
    IOptions<PostgresOptions> postgres, IOptions<StatisticsOptions> options, LogReader log, Cluster cluster, CatalogReader catalog, AllocationReader allocations,
    NumbersReader live, FoldMetrics metrics)
{
    public const string Verb = "replay";

    private const int Batch = 10_000;

    /// <summary>Runs <c>replay SITE EXPERIMENT</c>. 0: equal; 1: not; 2: it cannot be done.</summary>
    public static async Task<int> RunAsync(string site, string experiment)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddOptions<StatisticsOptions>().BindConfiguration(StatisticsOptions.Section);
        builder.Services.AddKafka().AddPostgres(Schema.Name).AddCatalog().AddAllocations();
        builder.Services.AddSingleton<FoldMetrics>().AddSingleton<NumbersReader>().AddSingleton<LogReader>().AddSingleton<Replay>();
        using var host = builder.Build();
        await host.StartAsync();
        try
        {
            return await host.Services.GetRequiredService<Replay>().CompareAsync(site, experiment, CancellationToken.None);
        }
        finally
        {
            await host.StopAsync();
        }
    }

    private async Task<int> CompareAsync(string site, string key, CancellationToken ct)
    {
        await Task.WhenAll(catalog.CaughtUp, allocations.CaughtUp).WaitAsync(ct);
        if (catalog.Current.Find(site, key)?.Current is not { } experiment)
        {
            await Console.Error.WriteLineAsync($"there is no experiment '{key}' that was started");
            return 2;
        }

        var clock = Stopwatch.StartNew();
        var (stored, offsets) = await live.ReadWithOffsetsAsync(experiment, ct);
        var schema = $"statistics_replay_{Guid.NewGuid():N}";
        await using var source = DataSource(schema);
        try
        {
            await Migrator.MigrateAsync(source, schema, typeof(Schema).Assembly, NullLogger.Instance, ct);
            var replayed = 0L;
            foreach (var (partition, next) in offsets) replayed += await FoldAsync(new PartitionStore(source, metrics), partition, next, ct);
            var fresh = await new NumbersReader(source).ReadAsync(experiment, ct);
            var differences = Differences(stored, fresh).ToList();
            foreach (var difference in differences.Take(20)) Console.WriteLine(difference);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{key} version {experiment.Version}: {replayed} records read again in {clock.Elapsed.TotalSeconds:0.0} s, {fresh.Units} units, {(differences.Count == 0 ? "equal to the last digit" : $"{differences.Count} differences")}"));
            Console.WriteLine("compared: of analysis revision " + experiment.AnalysisRevision + ", by phase, exposure day and variant, the units and each metric's n, sums, sums of squares and");
            Console.WriteLine("  products, buckets of quantiles and steps of funnels; crossovers, mismatches and bots by variant. The log holds the versions, caps and bandits' weights that they follow from.");
            Console.WriteLine("not computed again, since they were decided at their time and are kept: looks of a group-sequential test, the values of dimensions that are told apart, the hours of the history.");
            return differences.Count == 0 ? 0 : 1;
        }
        finally
        {
            await using var drop = source.CreateCommand($"drop schema if exists \"{schema}\" cascade");
            await drop.ExecuteNonQueryAsync(ct);
        }
    }

    private NpgsqlDataSource DataSource(string schema) => PostgresRegistration.PrimarySource(new NpgsqlConnectionStringBuilder(postgres.Value.ConnectionString)
    {
        SearchPath = schema,
        ApplicationName = "cro-replay",
        CommandTimeout = 300,
    });

    /// <returns>How many records there were.</returns>
    private async Task<long> FoldAsync(PartitionStore store, TopicPartition partition, long next, CancellationToken ct)
    {
        var topic = Topics.All.Single(t => t.Name == partition.Topic);
        var stored = await store.OpenAsync(topic.Name, partition.Partition.Value, await cluster.LogIdAsync(topic), catalog.Current, ct);
        var fold = new PartitionFold(store, stored, () => catalog.Current, options.Value, metrics, NullLogger.Instance, PartitionFold.NothingLinked);
        var (records, batch) = (0L, new List<ConsumeResult<byte[], byte[]>>(Batch));
        foreach (var record in log.Read(partition, next, ct))
        {
            if (records == 0 && record.Offset.Value > 0) throw new InvalidOperationException($"{partition}: the log does not go back to its beginning any more");
            records++;
            batch.Add(record);
            if (batch.Count < Batch) continue;
            await FlushAsync();
        }

        await FlushAsync();
        return records;

        async Task FlushAsync()
        {
            await fold.FoldAsync(batch, ct);
            await fold.CheckpointAsync(ct);
            batch.Clear();
        }
    }

    private static IEnumerable<string> Differences(Numbers stored, Numbers fresh)
    {
        var (before, after) = (ByKey(stored), ByKey(fresh));
        foreach (var key in before.Keys.Union(after.Keys))
        {
            var (is0, is1) = (before.GetValueOrDefault(key, "nothing"), after.GetValueOrDefault(key, "nothing"));
            if (is0 != is1) yield return $"phase {key.Phase}, day {key.Day}, variant {key.Variant}: stored {is0}, replayed {is1}";
        }

        foreach (var key in stored.Exclusions.Keys.Union(fresh.Exclusions.Keys))
        {
            var (is0, is1) = (stored.Exclusions.GetValueOrDefault(key), fresh.Exclusions.GetValueOrDefault(key));
            if (is0 != is1) yield return $"{key.Class}, variant {key.Variant}: stored {is0}, replayed {is1}";
        }
    }

    private static Dictionary<CellKey, string> ByKey(Numbers numbers) => numbers.Cells.Where(c => c.Cell.Units != 0).ToDictionary(
        c => c.Key, c => CellCodec.ToText(c.Cell));
}

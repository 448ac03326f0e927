using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Store;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// One partition folded and checkpointed by the service's own code into the platform's Postgres, in a schema of its own: events a second on one
/// core, bytes a unit, and how long it takes to go on after a kill. Arguments: <c>events=</c> (200 000), <c>units=</c> (40 000), <c>experiments=</c> (10). Each unit
/// is in two experiments; each experiment has ten metrics. Growth shows by running with other numbers.
/// </summary>
internal static class AnalysisBench
{
    private const int Batch = 5_000;
    private const int CheckpointEvery = 50_000;
    private const long Start = 1_700_000_000_000;

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("events", 200_000), ("units", 40_000), ("experiments", 10));
        Console.WriteLine($"analysis: {settings}");
        using var platform = new RunningPlatform();
        var schema = $"bench_analysis_{Guid.NewGuid():N}";
        await using var source = new NpgsqlDataSourceBuilder(
            new NpgsqlConnectionStringBuilder(platform.Postgres) { SearchPath = schema, CommandTimeout = 300, Options = "-c synchronous_commit=on" }.ConnectionString).Build();
        try
        {
            await Migrator.MigrateAsync(source, schema, typeof(StatisticsOptions).Assembly, NullLogger.Instance, CancellationToken.None);
            await MeasureAsync(source, schema, settings);
        }
        finally
        {
            await using var drop = source.CreateCommand($"drop schema if exists \"{schema}\" cascade");
            await drop.ExecuteNonQueryAsync();
        }

        return 0;
    }

    private static async Task MeasureAsync(NpgsqlDataSource source, string schema, Settings settings)
    {
        var catalog = CatalogOf(settings["experiments"]);
        await using var services = new ServiceCollection().AddMetrics().AddSingleton<FoldMetrics>().BuildServiceProvider();
        var metrics = services.GetRequiredService<FoldMetrics>();
        var store = new PartitionStore(source, metrics);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var fold = await OpenAsync();
        var (folding, storing, random) = (new Stopwatch(), new Stopwatch(), new Random(1));
        for (var offset = 0; offset < settings["events"]; offset += Batch)
        {
            var batch = Enumerable.Range(offset, Batch).Select(i => Record(Next(random, i, settings), i)).ToList();
            folding.Start();
            await fold.FoldAsync(batch, CancellationToken.None);
            folding.Stop();
            if ((offset + Batch) % CheckpointEvery != 0) continue;
            storing.Start();
            await fold.CheckpointAsync(CancellationToken.None);
            storing.Stop();
        }

        await fold.CheckpointAsync(CancellationToken.None);
        var memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(fold);
        var (units, bytes, cells) = await SizesAsync(source, schema);
        var killed = Stopwatch.StartNew();
        var again = await OpenAsync();
        await again.FoldAsync([.. Enumerable.Range(settings["events"], Batch).Select(i => Record(Next(random, i, settings), i))], CancellationToken.None);
        Console.WriteLine();
        Console.WriteLine("| | |");
        Console.WriteLine("|---|---|");
        Console.WriteLine($"| events folded a second on one core | {settings["events"] / folding.Elapsed.TotalSeconds:n0} |");
        Console.WriteLine($"| folded and checkpointed | {settings["events"] / (folding.Elapsed + storing.Elapsed).TotalSeconds:n0} |");
        Console.WriteLine($"| bytes a unit in memory | {memory / units:n0} |");
        Console.WriteLine($"| bytes a unit in Postgres, indexes included | {bytes / units:n0} |");
        Console.WriteLine($"| rows of aggregates | {cells:n0} |");
        Console.WriteLine($"| opened again and the next {Batch:n0} events folded | {killed.Elapsed.TotalMilliseconds:n0} ms |");

        async Task<PartitionFold> OpenAsync() => new(
            store, await store.OpenAsync(Topics.Events, 0, "log", catalog, CancellationToken.None), () => catalog,
            new StatisticsOptions { CachedUnits = 10_000_000 }, metrics, NullLogger.Instance, PartitionFold.NothingLinked);
    }

    private static async Task<(long Units, long Bytes, long Cells)> SizesAsync(NpgsqlDataSource source, string schema)
    {
        await using var command = source.CreateCommand(
            $"select (select count(*) from units), pg_total_relation_size('\"{schema}\".units'), (select count(*) from aggregates)");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    private static Catalog CatalogOf(int experiments)
    {
        var catalog = Catalog.Empty;
        for (var e = 0; e < experiments; e++)
        {
            var experiment = new Experiment
            {
                Site = "s",
                Key = $"e{e}",
                Version = 1,
                EffectiveMs = Start,
                Status = ExperimentStatus.Running,
                Assignment = AssignmentMode.External,
                Variants = [new Variant("a", "a"), new Variant("b", "b")],
                Metrics = [.. Enumerable.Range(0, 10).Select(m => new Metric
                {
                    Key = $"m{m}", Kind = m % 3 == 0 ? MetricKind.Conversion : m % 3 == 1 ? MetricKind.Sum : MetricKind.Count, Event = $"t{m % 5}", WindowHours = 24 * 7,
                })],
                Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = $"e{e}", Periods = [new Period(Start, 0)] }],
            };
            catalog = catalog.With(experiment).WithCurrent("s", experiment.Key, 1);
        }

        return catalog;
    }

    /// <summary>A unit's first two events show it two experiments, all others are of five types.</summary>
    private static Event Next(Random random, int index, Settings settings)
    {
        var unit = index < 2 * settings["units"] ? index % settings["units"] : random.Next(settings["units"]);
        var time = Start + index * 10L;
        var read = new Event { Site = "s", Id = $"id-{index}", VisitorId = $"visitor-{unit}", TimestampMs = time, ReceivedMs = time + 200, Schema = 1 };
        if (index < 2 * settings["units"])
        {
            read.Type = "exposure";
            read.Exposure = new Exposure { Experiment = $"e{(unit + index / settings["units"]) % settings["experiments"]}", Variant = unit % 2 == 0 ? "a" : "b" };
            return read;
        }

        read.Type = $"t{random.Next(5)}";
        read.ValueE4 = random.Next(1, 1_000_000);
        return read;
    }

    private static ConsumeResult<byte[], byte[]> Record(Event e, long offset) => new()
    {
        TopicPartitionOffset = new TopicPartitionOffset(Topics.Events, 0, offset),
        Message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(Topics.UnitKey(e.Site, e.VisitorId)), Value = e.ToByteArray() },
    };
}

using System.Runtime;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// One partition folded, checkpointed, judged and surveyed by the service's own code on the platform's Postgres, in schemas of its own: events for each
/// second of a core, bytes a unit, how long it takes to go on after a kill, and how all that grows with units, experiments and values of
/// dimensions. Arguments: <c>units=</c> (40 000), <c>experiments=</c> (10), <c>values=</c> of each dimension (8), <c>events=</c> a unit (5), and
/// <c>growth=1</c> for that case alone (2).
/// </summary>
internal static class AnalysisBench
{
    private const int WarmUpUnits = 20_000;
    private const int MostWarmUps = 12;

    /// <summary>Time spent on compiling in a warm-up that makes it the last one.</summary>
    private static readonly TimeSpan Compiled = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("units", 40_000), ("experiments", 10), ("values", 8), ("events", 5), ("growth", 2));
        Console.WriteLine($"analysis: {settings}");
        Console.WriteLine();
        using var platform = new RunningPlatform();
        var usual = new AnalysisCase(settings["units"], settings["experiments"], settings["values"], settings["events"]);
        await WarmUpAsync(platform, usual with { Units = Math.Min(usual.Units, WarmUpUnits) });
        Console.WriteLine("| units | experiments | values | folded | folded and checkpointed | bytes a unit in memory | in Postgres | rows of aggregates | after a kill, ms | one experiment's results, ms | units surveyed |");
        Console.WriteLine($"|{string.Concat(Enumerable.Repeat("---:|", 11))}");
        foreach (var its in settings["growth"] > 1 ? Growth(usual) : [usual])
        {
            var m = await MeasureAsync(platform, its);
            Console.WriteLine(
                $"| {its.Units:n0} | {its.Experiments} | {its.Values} | {m.FoldedPerSecond:n0} | {m.StoredPerSecond:n0} | {m.MemoryPerUnit:n0} | {m.BytesPerUnit:n0} "
                + $"| {m.Cells:n0} | {m.Recovery.TotalMilliseconds:n0} | {m.Results.TotalMilliseconds:0.0} | {m.SurveyedPerSecond:n0} |");
        }

        Console.WriteLine();
        Console.WriteLine("Rates are for each second of a core: processor time of this process and, of checkpoints and surveys, of its Postgres backends.");
        return 0;
    }

    private static IEnumerable<AnalysisCase> Growth(AnalysisCase usual) =>
    [
        usual with { Units = usual.Units / 4 }, usual, usual with { Units = usual.Units * 4 },
        usual with { Experiments = 1 }, usual with { Experiments = usual.Experiments * 10 },
        usual with { Values = 1 }, usual with { Values = usual.Values * 4 },
    ];

    /// <summary>Thrown away: the runtime compiles for speed only what has run for a while, and takes a third of the processor time for that.</summary>
    private static async Task WarmUpAsync(RunningPlatform platform, AnalysisCase its)
    {
        for (var i = 0; i < MostWarmUps; i++)
        {
            var before = JitInfo.GetCompilationTime();
            await MeasureAsync(platform, its);
            if (JitInfo.GetCompilationTime() - before < Compiled) return;
        }
    }

    private static async Task<AnalysisMeasurement> MeasureAsync(RunningPlatform platform, AnalysisCase its)
    {
        var schema = $"bench_analysis_{Guid.NewGuid():N}";
        await using var source = new NpgsqlDataSourceBuilder(
            new NpgsqlConnectionStringBuilder(platform.Postgres) { SearchPath = schema, ApplicationName = schema, CommandTimeout = 300, Options = "-c synchronous_commit=on" }.ConnectionString).Build();
        try
        {
            await Migrator.MigrateAsync(source, schema, typeof(StatisticsOptions).Assembly, NullLogger.Instance, CancellationToken.None);
            return await new AnalysisRun(source, schema, its).MeasureAsync();
        }
        finally
        {
            await using var drop = source.CreateCommand($"drop schema if exists \"{schema}\" cascade");
            await drop.ExecuteNonQueryAsync();
        }
    }
}

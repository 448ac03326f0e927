using System.Diagnostics;
using CroPlatform.Broker.Tests;

namespace CroPlatform.Bench.Broker;

/// <summary>
/// The local broker next to librdkafka's mock cluster, each in a process of its own: <c>broker [records=N size=BYTES producers=N
/// writers=N rounds=N …]</c>. And what a test has no time for: <c>broker kills [N]</c>, <c>broker recovery [MEGABYTES]</c>.
/// </summary>
public static class BrokerBench
{
    private const int DefaultKills = 100;
    private const int DefaultMegabytes = 1_024;
    private const int Starts = 3;

    private static readonly string Assembly = Path.Combine(AppContext.BaseDirectory, "CroPlatform.Broker.dll");

    public static Task<int> RunAsync(string[] args) => args switch
    {
        [MockProcess.Verb] => MockProcess.ServeAsync(),
        ["kills", .. var rest] => KillsAsync(Number(rest, DefaultKills)),
        ["recovery", .. var rest] => RecoveryAsync(Number(rest, DefaultMegabytes)),
        _ => ThroughputAsync(new Settings(args, ("records", 200_000), ("size", 256), ("producers", 4), ("consumers", 2), ("writers", 256), ("linger", 5))),
    };

    private static async Task<int> ThroughputAsync(Settings settings)
    {
        // 12 partitions of at most 5 MiB is what the mock cluster keeps; more would be gone before it is consumed.
        if ((long)settings["records"] * (settings["size"] + 20) > BrokerLoad.Partitions * 5L * 1024 * 1024)
            throw new BenchException("the mock cluster keeps 5 MiB a partition: choose fewer or smaller records");
        string[] servers = ["mock cluster, in memory", "broker, fsync", "broker, no fsync"];
        var results = servers.ToDictionary(name => name, _ => new List<BrokerFigures>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var name in servers)
            {
                using var server = name == servers[0] ? await MockProcess.StartAsync() : (IDisposable)await BrokerAsync(fsync: name == servers[1]);
                var bootstrap = server is MockProcess mock ? mock.Bootstrap : ((BrokerProcess)server).Bootstrap;
                var figures = await new BrokerLoad(bootstrap, settings).RunAsync(createTopic: server is BrokerProcess);
                results[name].Add(figures);
                await Console.Error.WriteLineAsync($"round {round}: {name}: {figures}");
            }
        }

        Console.WriteLine($"{settings}; {BrokerLoad.Partitions} partitions, random bytes, no compression, acks=all, idempotent; median of {settings.Rounds} rounds; {Environment.ProcessorCount} cores shared by client and server");
        Console.WriteLine();
        Console.WriteLine($"| | bulk produce records/s | ÷ mock | {settings["writers"]} writers, each waits: records/s | ÷ mock | p50 ms | p99 ms | consume records/s | ÷ mock |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
        var first = BrokerFigures.Median(results[servers[0]]);
        foreach (var name in servers)
        {
            var m = BrokerFigures.Median(results[name]);
            Console.WriteLine($"| {name} | {m.Bulk:n0} | {m.Bulk / first.Bulk:0.00} | {m.Waiting:n0} | {m.Waiting / first.Waiting:0.00} | {m.P50Ms:0.0} | {m.P99Ms:0.0} | {m.Consume:n0} | {m.Consume / first.Consume:0.00} |");
        }

        return 0;
    }

    private static async Task<int> KillsAsync(int kills)
    {
        using var broker = new BrokerProcess(Assembly, new Dictionary<string, string> { ["Broker__SegmentBytes"] = "1000000" });
        var result = await new KillRun(broker, kills, seed: 1).RunAsync();
        Console.WriteLine($"{result.Kills} kills: {result.Acknowledged:n0} records acknowledged, {result.Found:n0} found, {result.Faults.Count} faults, slowest start {result.SlowestStart.TotalMilliseconds:n0} ms");
        foreach (var fault in result.Faults)
            Console.WriteLine($"  {fault}");
        return result.Faults.Count == 0 ? 0 : 1;
    }

    private static async Task<int> RecoveryAsync(int megabytes)
    {
        using var broker = await BrokerAsync(fsync: true);
        var settings = new Settings([], ("records", megabytes * 1_024), ("size", 1_000), ("producers", 2), ("consumers", 1), ("writers", 1), ("linger", 5));
        await using var load = await new BrokerLoad(broker.Bootstrap, settings).FillAsync();
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < Starts; i++)
        {
            await load.KeepFillingAsync(TimeSpan.FromSeconds(1));
            broker.Kill();
            var clock = Stopwatch.StartNew();
            await broker.StartAsync();
            Console.WriteLine($"killed while it was written to, over {megabytes} MB of log; took connections again after {clock.ElapsedMilliseconds} ms (with the start of .NET)");
            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
        }

        Console.WriteLine($"slowest of {Starts}: {slowest.TotalMilliseconds:n0} ms");
        return 0;
    }

    private static async Task<BrokerProcess> BrokerAsync(bool fsync)
    {
        var broker = new BrokerProcess(Assembly, new Dictionary<string, string> { ["Broker__Fsync"] = $"{fsync}" });
        await broker.StartAsync();
        return broker;
    }

    private static int Number(string[] words, int fallback) => words switch
    {
        [] => fallback,
        [var word] when int.TryParse(word, out var number) && number > 0 => number,
        _ => throw new BenchException("one positive number is meant"),
    };
}

using System.Buffers.Text;
using CroPlatform.Bench.Ceilings;
using CroPlatform.Bench.Load;

namespace CroPlatform.Bench.Ingest;

/// <summary>
/// The event path's entrance: requests of 1 and of 100 events to the gateway and through the public door, next to a Kestrel that only reads
/// the body and a producer that only writes records of the same size. Ends with 1 if an acknowledged event is missing.
/// </summary>
internal static class IngestBench
{
    private const string Gateway = "ingestion";
    private const string Door = "through the door";
    private const string Kestrel = "bare Kestrel";
    private const string Producer = "bare producer, as many in flight";
    private const string FullSpeed = "bare producer, 20 000 in flight";

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("connections1", 64), ("connections100", 16));
        Console.WriteLine($"ingest {settings}");
        Console.WriteLine();
        using var platform = new RunningPlatform();
        using var bare = await BareProcess.StartAsync();
        await using var producer = await BareProducer.StartAsync(platform.Kafka);
        var balance = await BalanceCheck.StartAsync(platform);
        var holds = true;
        foreach (var (events, connections) in new[] { (1, settings["connections1"]), (100, settings["connections100"]) })
        {
            var stages = Stages(settings, platform, bare, producer, balance, events, connections);
            var slowest = TimeSpan.Zero;
            var results = await Rounds.RunAsync(settings, stages, async () =>
            {
                if (await balance.HoldsAsync() is not { } behind) holds = false;
                else if (behind > slowest) slowest = behind;
            });
            Console.WriteLine($"Requests of {events} event{(events == 1 ? "" : "s")}, {connections} connections");
            Console.WriteLine();
            Table.Write(stages, results, "events", ("Kestrel", Kestrel), ("producer", Producer), ("producer at full speed", FullSpeed));
            Console.WriteLine($"Statistics was at most {slowest.TotalSeconds:0.0} s behind when the requests ended.");
            Console.WriteLine();
        }

        await balance.WriteAsync();
        return holds ? 0 : 1;
    }

    private static Stage[] Stages(
        Settings settings, RunningPlatform platform, BareProcess bare, BareProducer producer, BalanceCheck balance, int events, int connections)
    {
        return
        [
            new(Kestrel, () => HttpLoad.RunAsync(settings, bare.Http, connections, Request(), events, reply => reply.Status == 202 ? events : -1, bare.CpuSecondsAsync)),
            new(Gateway, () => EventsAsync(platform.Http("ingestion"), () => platform.CpuSecondsAsync(platform.Http("ingestion")))),
            new(Door, () => EventsAsync(platform.Public, async () => await platform.CpuSecondsAsync(platform.Http("ingestion")) + await platform.CpuSecondsAsync(platform.Public))),
            new(Producer, () => RecordsAsync(connections, events)),
            new(FullSpeed, () => RecordsAsync(20, 1_000)),
        ];

        byte[] Request() => HttpLoad.Post("/v1/events", platform.WriteKey, EventBodies.Request(Run(), events, DateTimeOffset.UtcNow));

        async Task<Measurement> EventsAsync(Uri server, Func<Task<double>> cpuSeconds)
        {
            var measured = await HttpLoad.RunAsync(settings, server, connections, Request(), events, Accepted, cpuSeconds);
            balance.Add(measured.Done);
            return measured;
        }

        Task<Measurement> RecordsAsync(int writers, int records) =>
            producer.RunAsync(settings, writers, records, EventBodies.RecordKey(), EventBodies.Record(Run(), DateTimeOffset.UtcNow));
    }

    /// <summary>How many events an answer acknowledges.</summary>
    private static int Accepted(HttpReply reply)
    {
        var start = "{\"accepted\":"u8;
        var body = reply.Body.Span;
        return reply.Status == 202 && body.StartsWith(start) && Utf8Parser.TryParse(body[start.Length..], out int accepted, out _) ? accepted : -1;
    }

    private static string Run() => $"b{Guid.NewGuid().ToString("n")[..12]}";
}

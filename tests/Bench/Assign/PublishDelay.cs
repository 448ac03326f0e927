using System.Diagnostics;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Google.Protobuf;
using Grpc.Net.Client;

namespace CroPlatform.Bench.Assign;

/// <summary>How long it takes from the moment that somebody starts an experiment until the assignment service splits by it.</summary>
internal static class PublishDelay
{
    private const int Starts = 20;

    public static async Task WriteAsync(RunningPlatform platform, RunningExperiments experiments)
    {
        using var channel = GrpcChannel.ForAddress(platform.Grpc("assignment"));
        var client = new AssignmentService.AssignmentServiceClient(channel.WithKey(platform.ServerKey));
        var delays = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            var key = await experiments.DraftAsync();
            var asked = new AssignRequest { UnitId = "somebody", AttributesJson = ByteString.CopyFromUtf8(RunningExperiments.Attributes), Experiments = { key } };
            var clock = Stopwatch.StartNew();
            var started = experiments.StartAsync(key);
            while ((await client.AssignAsync(asked)).Assignments[0].Reason != "split") await Task.Delay(1);
            delays.Add(clock.Elapsed.TotalMilliseconds);
            await started;
        }

        delays.Sort();
        var memory = await platform.MemoryBytesAsync(platform.Http("assignment"));
        Console.WriteLine(
            $"{experiments.Count} experiments running: from the start command to the first split, of {Starts} starts: median {delays[Starts / 2]:0} ms, "
            + $"slowest {delays[^1]:0} ms; the assignment service's working set {memory / 1_048_576.0:0} MiB");
        Console.WriteLine();
    }
}

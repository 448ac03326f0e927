using CroPlatform.Bench.Ceilings;
using CroPlatform.Bench.Load;
using CroPlatform.Contracts.Assignment;

namespace CroPlatform.Bench.Assign;

/// <summary>
/// Decisions: one named experiment out of as many as run, over gRPC and HTTP, next to an empty gRPC method and a Kestrel that only reads the
/// body; all running experiments at once and batches apart. Nothing is exposed, so nothing is written.
/// </summary>
internal static class AssignBench
{
    private const string Method = "/cro.assignment.v1.AssignmentService/Assign";
    private const string Empty = "empty gRPC method";
    private const string Kestrel = "bare Kestrel";
    private const int BatchUnits = 100;

    private static readonly byte[] Split = "split"u8.ToArray();

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("experiments", 100), ("connections", 4), ("concurrency", 100));
        Console.WriteLine($"assign {settings}");
        Console.WriteLine();
        using var platform = new RunningPlatform();
        using var bare = await BareProcess.StartAsync();
        await using var experiments = new RunningExperiments(platform);
        foreach (var running in new[] { 1, settings["experiments"] }.Distinct())
        {
            await experiments.GrowAsync(running);
            var stages = Stages(settings, platform, bare, experiments.First, running);
            var results = await Rounds.RunAsync(settings, stages, () => Task.CompletedTask);
            Console.WriteLine($"{running} experiment{(running == 1 ? "" : "s")} running, {settings["concurrency"]} calls under way over {settings["connections"]} HTTP/2 connections, HTTP over {settings["concurrency"]}");
            Console.WriteLine();
            Table.Write(stages, results, "decisions", ("empty method", Empty), ("Kestrel", Kestrel));
        }

        return 0;
    }

    private static List<Stage> Stages(Settings settings, RunningPlatform platform, BareProcess bare, string experiment, int running)
    {
        var one = new AssignRequest { UnitId = Unit, Experiments = { experiment } };
        var batch = new AssignBatchRequest { Requests = { Enumerable.Repeat(one, BatchUnits) } };
        var body = $$"""{"unit_id":"{{Unit}}","experiments":["{{experiment}}"]}""";
        List<Stage> stages =
        [
            new(Empty, () => GrpcAsync(new GrpcCall(bare.Grpc, Method, null, new AssignRequest(), 1, default), bare.CpuSecondsAsync)),
            new("Assign, one named", () => GrpcAsync(Ask(Method, one, 1), CpuAsync)),
            new($"AssignBatch, {BatchUnits} units", () => GrpcAsync(Ask(Method + "Batch", batch, BatchUnits), CpuAsync)),
            new(Kestrel, () => HttpAsync(bare.Http, reply => reply.Status == 202 ? 1 : -1, bare.CpuSecondsAsync)),
            new("POST /api/v1/assignments, one named", () => HttpAsync(platform.Http("assignment"), reply => reply.Status == 200 && reply.Body.Span.IndexOf(Split) >= 0 ? 1 : -1, CpuAsync)),
        ];
        if (running > 1) stages.Insert(2, new("Assign, all running", () => GrpcAsync(Ask(Method, new AssignRequest { UnitId = Unit }, running), CpuAsync)));
        return stages;

        GrpcCall Ask(string method, Google.Protobuf.IMessage message, int decisions) =>
            new(platform.Grpc("assignment"), method, platform.ServerKey, message, decisions, Split);

        Task<Measurement> GrpcAsync(GrpcCall call, Func<Task<double>> cpuSeconds) =>
            GrpcConnection.RunAsync(settings, call, settings["connections"], settings["concurrency"], cpuSeconds);

        Task<Measurement> HttpAsync(Uri server, Func<HttpReply, int> done, Func<Task<double>> cpuSeconds) => HttpLoad.RunAsync(
            settings, server, settings["concurrency"], HttpLoad.Post("/api/v1/assignments", platform.ServerKey, body), 1, done, cpuSeconds);

        Task<double> CpuAsync() => platform.CpuSecondsAsync(platform.Http("assignment"));
    }

    private static string Unit => $"visitor-{Template.Visitor}";
}

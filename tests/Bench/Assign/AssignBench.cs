using CroPlatform.Bench.Ceilings;
using CroPlatform.Bench.Load;
using CroPlatform.Contracts.Assignment;
using Google.Protobuf;

namespace CroPlatform.Bench.Assign;

/// <summary>
/// Decisions: one named experiment out of as many as run, each with targeting, over gRPC and HTTP, next to an empty gRPC method, a Kestrel that
/// only reads the body, and Unleash's proxy with as many toggles; all running experiments at once and batches apart. Nothing is exposed, so
/// nothing is written.
/// </summary>
internal static class AssignBench
{
    private const string Method = "/cro.assignment.v1.AssignmentService/Assign";
    private const string Empty = "empty gRPC method";
    private const string Kestrel = "bare Kestrel";
    private const string Unleash = "@unleash/proxy, all toggles";
    private const int BatchUnits = 100;

    private static readonly byte[] Split = "split"u8.ToArray();

    public static async Task<int> RunAsync(string[] words)
    {
        var settings = new Settings(words, ("experiments", 1_000), ("connections", 4), ("concurrency", 100));
        Console.WriteLine($"assign {settings}");
        Console.WriteLine();
        using var platform = new RunningPlatform();
        using var bare = await BareProcess.StartAsync();
        await using var experiments = new RunningExperiments(platform);
        foreach (var running in new[] { 1, 100, settings["experiments"] }.Distinct().Order())
        {
            await experiments.GrowAsync(running);
            using var unleash = await NodePeer.StartAsync("unleash-proxy.mjs", running.ToString());
            var stages = Stages(settings, platform, bare, unleash, experiments.First, running);
            var results = await Rounds.RunAsync(settings, stages, () => Task.CompletedTask);
            Console.WriteLine($"{running} experiment{(running == 1 ? "" : "s")} running, {settings["concurrency"]} calls under way over {settings["connections"]} HTTP/2 connections, HTTP over {settings["concurrency"]}");
            Console.WriteLine();
            Table.Write(stages, results, "decisions", ("empty method", Empty), ("Kestrel", Kestrel), ("Unleash", Unleash));
            await PublishDelay.WriteAsync(platform, experiments);
        }

        return 0;
    }

    private static List<Stage> Stages(Settings settings, RunningPlatform platform, BareProcess bare, NodePeer unleash, string experiment, int running)
    {
        var attributes = ByteString.CopyFromUtf8(RunningExperiments.Attributes);
        var one = new AssignRequest { UnitId = Unit, AttributesJson = attributes, Experiments = { experiment } };
        var batch = new AssignBatchRequest { Requests = { Enumerable.Repeat(one, BatchUnits) } };
        var body = $$"""{"unit_id":"{{Unit}}","attributes":{{RunningExperiments.Attributes}},"experiments":["{{experiment}}"]}""";
        List<Stage> stages =
        [
            new(Empty, () => GrpcAsync(new GrpcCall(bare.Grpc, Method, null, new AssignRequest(), 1, default), bare.CpuSecondsAsync)),
            new("Assign, one named", () => GrpcAsync(Ask(Method, one, 1), CpuAsync)),
            new($"AssignBatch, {BatchUnits} units", () => GrpcAsync(Ask(Method + "Batch", batch, BatchUnits), CpuAsync)),
            new(Kestrel, () => HttpAsync(bare.Http, reply => reply.Status == 202 ? 1 : -1, bare.CpuSecondsAsync)),
            new("POST /api/v1/assignments, one named", () => HttpAsync(platform.Http("assignment"), reply => reply.Status == 200 && reply.Body.Span.IndexOf(Split) >= 0 ? 1 : -1, CpuAsync)),
        ];
        // The proxy has no question about one toggle: each answer has them all.
        var toggles = HttpLoad.Get($"/proxy?userId={Unit}&properties[country]=PL", "bench");
        stages.Add(new(Unleash, () => HttpLoad.RunAsync(
            settings, unleash.Http, settings["concurrency"], toggles, running, reply => reply.Status == 200 ? running : -1, unleash.CpuSecondsAsync)));
        if (running > 1) stages.Insert(2, new("Assign, all running", () => GrpcAsync(Ask(Method, new AssignRequest { UnitId = Unit, AttributesJson = attributes }, running), CpuAsync)));
        return stages;

        GrpcCall Ask(string method, IMessage message, int decisions) =>
            new(platform.Grpc("assignment"), method, platform.ServerKey, message, decisions, Split);

        Task<Measurement> GrpcAsync(GrpcCall call, Func<Task<double>> cpuSeconds) =>
            GrpcConnection.RunAsync(settings, call, settings["connections"], settings["concurrency"], cpuSeconds);

        Task<Measurement> HttpAsync(Uri server, Func<HttpReply, int> done, Func<Task<double>> cpuSeconds) => HttpLoad.RunAsync(
            settings, server, settings["concurrency"], HttpLoad.Post("/api/v1/assignments", platform.ServerKey, body), 1, done, cpuSeconds);

        Task<double> CpuAsync() => platform.CpuSecondsAsync(platform.Http("assignment"));
    }

    private static string Unit => $"visitor-{Template.Visitor}";
}

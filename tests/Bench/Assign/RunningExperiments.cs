using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Google.Protobuf;
using Grpc.Net.Client;

namespace CroPlatform.Bench.Assign;

/// <summary>Experiments made through the API for this run and stopped at its end.</summary>
internal sealed class RunningExperiments(RunningPlatform platform) : IAsyncDisposable
{
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 4 };

    /// <summary>What each experiment asks of a unit, and the attributes of a unit that has it.</summary>
    public const string Attributes = """{"country":"PL","device_type":"mobile","browser":"firefox","visits":7,"persona":"returning"}""";

    public const string TargetingJson = """{"country":{"$in":["PL","DE","FR"]},"device_type":"mobile","visits":{"$gte":3}}""";

    private readonly string _run = $"bench-{Guid.NewGuid().ToString("n")[..8]}";
    private readonly List<string> _keys = [];

    public int Count => _keys.Count;

    /// <summary>The one that is asked for.</summary>
    public string First => _keys[0];

    /// <summary>Adds experiments until so many run, and returns once the assignment service knows them all.</summary>
    public async Task GrowAsync(int count)
    {
        if (_keys.Count == 0)
            await platform.AdminAsync(HttpMethod.Post, "/api/v1/metrics", new { key = _run, kind = "conversion", @event = "purchase", direction = "increase" });
        string[] added = [.. Enumerable.Range(_keys.Count, count - _keys.Count).Select(i => $"{_run}-{i}")];
        await Parallel.ForEachAsync(added, AtOnce, async (key, _) =>
        {
            await MakeAsync(key);
            await StartAsync(key);
        });
        _keys.AddRange(added);
        await KnownAsync(added);
    }

    /// <summary>One more, not started yet.</summary>
    public async Task<string> DraftAsync()
    {
        var key = $"{_run}-{_keys.Count}";
        await MakeAsync(key);
        _keys.Add(key);
        return key;
    }

    public Task<JsonElement> StartAsync(string key) => platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/start");

    public async ValueTask DisposeAsync() => await Parallel.ForEachAsync(
        _keys, AtOnce, async (key, _) => await platform.AdminAsync(HttpMethod.Post, $"/api/v1/experiments/{key}/stop"));

    private Task<JsonElement> MakeAsync(string key) => platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
    {
        key,
        variants = new[] { new { key = "control", weight = 0.5 }, new { key = "treatment", weight = 0.5 } },
        metrics = new[] { new { key = _run } },
        targeting = JsonNode.Parse(TargetingJson),
    });

    private async Task KnownAsync(string[] keys)
    {
        using var channel = GrpcChannel.ForAddress(platform.Grpc("assignment"));
        var client = new AssignmentService.AssignmentServiceClient(channel.WithKey(platform.ServerKey));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var reply = await client.AssignAsync(new AssignRequest { UnitId = "somebody", AttributesJson = ByteString.CopyFromUtf8(Attributes), Experiments = { keys } }, cancellationToken: limit.Token);
            if (reply.Assignments.All(a => a.Reason == "split")) return;
            await Task.Delay(50, limit.Token);
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using CroPlatform.Grpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace CroPlatform.Bench.Chaos;

/// <summary>
/// Clients that send until they are told to stop. Most repeat a request until it is answered with 202, each time by whatever way chance gives; a few
/// give up after one attempt. What comes of each copy goes into the ledger.
/// </summary>
internal sealed class ChaosLoad : IDisposable
{
    private const int PerRequest = 30;
    private const double GivingUp = 0.05;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(12);

    private readonly Ledger _ledger;
    private readonly ChaosExperiments _experiments;
    private readonly IReadOnlyList<Uri> _ways;
    private readonly HttpClient[] _clients;
    private readonly AuthenticationHeaderValue _key;
    private readonly GrpcChannel _channel;
    private readonly AssignmentService.AssignmentServiceClient _assignments;
    private readonly CancellationTokenSource _enough = new();
    private readonly List<Task> _running = [];

    /// <param name="ways">Where events can be sent.</param>
    public ChaosLoad(RunningPlatform platform, IReadOnlyList<Uri> ways, ChaosExperiments experiments, Ledger ledger)
    {
        (_ways, _experiments, _ledger) = (ways, experiments, ledger);
        _clients = [.. ways.Select(_ => new HttpClient { Timeout = Attempt })];
        _key = new AuthenticationHeaderValue("Bearer", platform.WriteKey);
        _channel = GrpcChannel.ForAddress(platform.Grpc("assignment").ToString());
        _assignments = new AssignmentService.AssignmentServiceClient(_channel.WithKey(platform.ServerKey));
    }

    /// <param name="copiesPerSecond">Of all clients together.</param>
    public void Start(int seed, int clients, int copiesPerSecond)
    {
        for (var i = 0; i < clients; i++)
        {
            var client = i;
            _running.Add(Task.Run(() => SendAsync(seed, client, TimeSpan.FromSeconds((double)PerRequest * clients / copiesPerSecond))));
        }

        _running.Add(Task.Run(() => AssignAsync(seed)));
    }

    /// <summary>Ends the traffic; what was to be repeated is repeated until it is answered.</summary>
    public async Task StopAsync()
    {
        await _enough.CancelAsync();
        await Task.WhenAll(_running);
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
        _channel.Dispose();
        _enough.Dispose();
    }

    private async Task SendAsync(int seed, int client, TimeSpan interval)
    {
        var traffic = new EventTraffic(_experiments, seed, client);
        var random = new Random(seed * 7_919 + client);
        var last = Task.CompletedTask;
        while (!_enough.IsCancellationRequested)
        {
            var since = Stopwatch.GetTimestamp();
            var batch = traffic.Next(PerRequest, DateTimeOffset.UtcNow);

            // One request may still be repeated while the next is sent: nothing keeps the copies in order.
            var sent = RepeatAsync(batch, new Random(random.Next()));
            await Task.WhenAll(last, Task.Delay(interval));
            last = sent;
        }

        await last;
        foreach (var batch in traffic.Rest().Chunk(PerRequest)) await RepeatAsync(batch, random);
    }

    private async Task RepeatAsync(IReadOnlyList<Outbound> batch, Random random)
    {
        var givesUp = random.NextDouble() < GivingUp;
        for (var since = Stopwatch.GetTimestamp(); !await TryAsync(batch, random) && !givesUp; await Task.Delay(random.Next(50, 250)))
        {
            if (Stopwatch.GetElapsedTime(since) > Patience) throw new BenchException($"a request was not taken within {Patience.TotalMinutes} minutes");
        }
    }

    private async Task<bool> TryAsync(IReadOnlyList<Outbound> batch, Random random)
    {
        var way = random.Next(_ways.Count);
        var body = new JsonObject { ["events"] = new JsonArray([.. batch.Select(e => e.Json.DeepClone())]) };
        if (random.Next(4) == 0) body["sent_at"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_ways[way], "/v1/events")) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = _key;
        _ledger.Sent([.. batch.Select(e => e.Id)]);
        try
        {
            using var response = await _clients[way].SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            _ledger.NoteRequest($"{(int)response.StatusCode}{(way == 0 ? " door" : "")}");
            if ((int)response.StatusCode == 202)
            {
                Note(batch, JsonNode.Parse(text)!);
                return true;
            }

            if ((int)response.StatusCode < 500 && (int)response.StatusCode != 429) throw new BenchException($"POST /v1/events answered {(int)response.StatusCode}: {text}");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            _ledger.NoteRequest(way == 0 ? "broken door" : "broken");
        }

        foreach (var sent in batch) _ledger.Note(sent.Id, Ledger.Answers.Unknown);
        return false;
    }

    private void Note(IReadOnlyList<Outbound> batch, JsonNode answer)
    {
        var refused = answer["rejected"]!.AsArray().Select(r => (int)r!["index"]!).ToHashSet();
        for (var i = 0; i < batch.Count; i++) _ledger.Note(batch[i].Id, refused.Contains(i) ? Ledger.Answers.Refused : Ledger.Answers.Acknowledged);
    }

    private async Task AssignAsync(int seed)
    {
        for (var i = 0; !_enough.IsCancellationRequested; i++)
        {
            var visitor = $"{_experiments.Run}-{seed}-a{i}";
            try
            {
                var request = new AssignRequest { UnitId = visitor, Experiments = { _experiments.ByPlatform }, Expose = true };
                var answer = (await _assignments.AssignAsync(request, deadline: DateTime.UtcNow.AddSeconds(12))).Assignments[0];
                if (answer.InExperiment) _ledger.NoteAssigned(visitor, answer.Variant);
                await Task.Delay(10);
            }
            catch (RpcException)
            {
                // Nobody knows whether it was recorded; the next visitor is another one.
                await Task.Delay(100);
            }
        }
    }
}

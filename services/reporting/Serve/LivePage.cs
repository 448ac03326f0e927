using System.Net.WebSockets;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Grpc;
using CroPlatform.Kafka;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Reporting.Serve;

/// <summary>
/// Keeps one open page up to date. Several times a second it sends what differs from what the page has: experiments, their latest results,
/// and live counters. A slow page gets fewer, never older, messages: nothing queues for it.
/// </summary>
internal sealed class LivePage(CatalogReader catalog, ResultsReader results, IOptions<PeerOptions> peers) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly GrpcChannel _statistics = GrpcChannel.ForAddress(peers.Value.Statistics);

    public async Task ShowAsync(WebSocket socket, string site, string key, CancellationToken ct)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var counters = new LatestCounters();
        var background = Task.WhenAll(ListenAsync(socket, gone), FollowAsync(counters, key, gone.Token));
        try
        {
            await SendAsync(socket, site, counters, gone.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The page is closed, or this service is stopping.
        }

        await gone.CancelAsync();
        await background;
    }

    public void Dispose() => _statistics.Dispose();

    private async Task SendAsync(WebSocket socket, string site, LatestCounters counters, CancellationToken ct)
    {
        var sent = new Dictionary<string, (Experiment? Experiment, ExperimentResults? Results, LiveCounters? Live)>();
        using var timer = new PeriodicTimer(Interval);
        do
        {
            foreach (var experiment in catalog.Current.Experiments.Select(v => v.Current).OfType<Experiment>().Where(e => e.Site == site))
            {
                var state = sent.GetValueOrDefault(experiment.Key);
                var (latest, live) = (results.Find(site, experiment.Key), counters.Find(experiment.Key));
                if (!ReferenceEquals(state.Experiment, experiment)) await SendAsync(socket, PageMessage.Experiment(experiment), ct);
                if (latest is not null && !ReferenceEquals(state.Results, latest)) await SendAsync(socket, PageMessage.Results(latest), ct);
                if (live is not null && !ReferenceEquals(state.Live, live)) await SendAsync(socket, PageMessage.Live(live), ct);
                sent[experiment.Key] = (experiment, latest, live);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    private static async Task SendAsync(WebSocket socket, ReadOnlyMemory<byte> message, CancellationToken ct) =>
        await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, ct);

    /// <summary>Waits for the page to close; what it says is not read.</summary>
    private static async Task ListenAsync(WebSocket socket, CancellationTokenSource gone)
    {
        var buffer = new byte[256];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), gone.Token)).MessageType != WebSocketMessageType.Close)
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // Closed without a word.
        }

        await gone.CancelAsync();
    }

    /// <summary>Follows the live counters with the viewer's own key. While they are away, the page keeps its committed figures.</summary>
    private async Task FollowAsync(LatestCounters counters, string key, CancellationToken ct)
    {
        var client = new StatisticsService.StatisticsServiceClient(_statistics.WithKey(key));
        while (!ct.IsCancellationRequested)
        {
            try
            {
                using var call = client.WatchLive(new WatchLiveRequest(), cancellationToken: ct);
                while (await call.ResponseStream.MoveNext(ct)) counters.Set(call.ResponseStream.Current);
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException)
            {
                await Task.WhenAny(Task.Delay(Interval * 4, ct));
            }
        }
    }
}

using System.Net.WebSockets;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Grpc;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Sockets;
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
    private const int TicksPerGuard = 4;

    private readonly GrpcChannel _statistics = GrpcChannel.ForAddress(peers.Value.Statistics);

    public async Task ShowAsync(WebSocket socket, Viewer viewer, CancellationToken ct)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var counters = new LatestCounters();
        var background = Task.WhenAll(ViewerSockets.ListenAsync(socket, viewer, gone), FollowAsync(counters, viewer, gone.Token));
        try
        {
            await SendAsync(socket, viewer, counters, gone.Token);
            await ViewerSockets.DismissAsync(socket, gone);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The page is closed, or this service is stopping.
            await gone.CancelAsync();
        }

        await background;
    }

    public void Dispose() => _statistics.Dispose();

    /// <summary>Ends when the viewer's rights do.</summary>
    private async Task SendAsync(WebSocket socket, Viewer viewer, LatestCounters counters, CancellationToken ct)
    {
        var sent = new Dictionary<string, (Experiment? Experiment, ExperimentResults? Results, LiveCounters? Live)>();
        using var timer = new PeriodicTimer(Interval);
        var ticks = 0;
        do
        {
            foreach (var experiment in catalog.Current.Experiments.Select(v => v.Current).OfType<Experiment>().Where(e => e.Site == viewer.Site))
            {
                var state = sent.GetValueOrDefault(experiment.Key);
                var (latest, live) = (results.Find(viewer.Site, experiment.Key), counters.Find(experiment.Key));
                if (!ReferenceEquals(state.Experiment, experiment)) await SendAsync(socket, PageMessage.Experiment(experiment), ct);
                if (latest is not null && !ReferenceEquals(state.Results, latest)) await SendAsync(socket, PageMessage.Results(latest), ct);
                if (live is not null && !ReferenceEquals(state.Live, live)) await SendAsync(socket, PageMessage.Live(live), ct);
                sent[experiment.Key] = (experiment, latest, live);
            }
        }
        while (await timer.WaitForNextTickAsync(ct) && (++ticks % TicksPerGuard != 0 || await viewer.MayStillSeeAsync()));
    }

    private static async Task SendAsync(WebSocket socket, ReadOnlyMemory<byte> message, CancellationToken ct) =>
        await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, ct);

    /// <summary>Follows the live counters with the viewer's own credential. While they are away, the page keeps its committed figures.</summary>
    private async Task FollowAsync(LatestCounters counters, Viewer viewer, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                var client = new StatisticsService.StatisticsServiceClient(_statistics.WithKey(viewer.Credential));
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

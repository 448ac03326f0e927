using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Client.Send;

/// <summary>
/// Sends events in batches, in the background. A batch that is not answered is sent again with the same ids, so it counts once; a caller never
/// waits, and what does not fit the queue is dropped and counted.
/// </summary>
internal sealed partial class EventSender : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LastChance = TimeSpan.FromSeconds(5);

    private readonly CroClientOptions _options;
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;
    private readonly ILogger<EventSender> _logger;
    private readonly Channel<ClientEvent> _queue;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _sending;
    private long _dropped;
    private long _waiting;

    public EventSender(IOptions<CroClientOptions> options, TimeProvider clock, ILogger<EventSender> logger)
    {
        (_options, _clock, _logger) = (options.Value, clock, logger);
        _http = new HttpClient { BaseAddress = _options.Events, Timeout = TimeSpan.FromSeconds(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _options.ServerKey);
        _queue = Channel.CreateBounded<ClientEvent>(new BoundedChannelOptions(_options.MaxQueuedEvents) { SingleReader = true });
        _sending = Task.Run(SendAllAsync);
    }

    /// <summary>Events that were given up: the queue was full, the platform refused them, or the time to send them ended.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Events that are not acknowledged yet.</summary>
    public long Waiting => Interlocked.Read(ref _waiting);

    public void Enqueue(ClientEvent sent)
    {
        Interlocked.Increment(ref _waiting);
        if (!_queue.Writer.TryWrite(sent)) Drop(1);
    }

    /// <summary>Sends what waits, but not for long.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        _stopping.CancelAfter(LastChance);
        await _sending;
        _stopping.Dispose();
        _http.Dispose();
    }

    private async Task SendAllAsync()
    {
        var batch = new List<ClientEvent>(_options.MaxBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            await FillAsync(batch);
            var taken = await SendAsync(batch);
            Interlocked.Add(ref _waiting, -taken);
            Drop(batch.Count - taken);
            batch.Clear();
        }
    }

    private async Task FillAsync(List<ClientEvent> batch)
    {
        using var linger = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        linger.CancelAfter(_options.Linger);
        do
        {
            while (batch.Count < _options.MaxBatch && _queue.Reader.TryRead(out var next)) batch.Add(next);
        }
        while (batch.Count < _options.MaxBatch && await MoreAsync(linger.Token));
    }

    private async Task<bool> MoreAsync(CancellationToken linger)
    {
        try
        {
            return await _queue.Reader.WaitToReadAsync(linger);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Tries until the platform has answered for the batch or the client is disposed of.</summary>
    /// <returns>How many events it has taken.</returns>
    private async Task<int> SendAsync(List<ClientEvent> batch)
    {
        for (var pause = TimeSpan.FromMilliseconds(200); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                using var response = await _http.PostAsJsonAsync(
                    "/v1/events", new ClientBatch(_clock.GetUtcNow(), batch), ClientJson.Default.ClientBatch, _stopping.Token);
                if (response.StatusCode == HttpStatusCode.Accepted) return await AcceptedAsync(response);
                if ((int)response.StatusCode is >= 400 and < 500 and not (408 or 429))
                {
                    LogRefused(batch.Count, $"status {(int)response.StatusCode}");
                    return 0;
                }

                LogAgain($"status {(int)response.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                if (_stopping.IsCancellationRequested) return 0;
                LogAgain(e.Message);
            }

            await Task.Delay(pause, _clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested) return 0;
        }
    }

    private async Task<int> AcceptedAsync(HttpResponseMessage response)
    {
        var reply = await response.Content.ReadFromJsonAsync(ClientJson.Default.EventsReply, _stopping.Token) ?? new EventsReply(0, []);
        if (reply.Rejected is [var first, ..]) LogRefused(reply.Rejected.Count, $"{first.Code}: {first.Message}");
        return reply.Accepted;
    }

    private void Drop(int events)
    {
        Interlocked.Add(ref _waiting, -events);
        Interlocked.Add(ref _dropped, events);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} events were refused: {Reason}")]
    private partial void LogRefused(int count, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "events are sent again: {Reason}")]
    private partial void LogAgain(string reason);
}

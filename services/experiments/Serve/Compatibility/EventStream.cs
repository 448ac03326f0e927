using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using CroPlatform.Contracts.Events;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Sockets;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;
using Google.Protobuf;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>
/// The WebSocket of one test: <c>{"type": "test"}</c> first, then <c>{"type": "event"}</c> for each of its events and <c>{"type": "results"}</c>
/// whenever they change. A slow watcher misses events, never results; how many is told in <c>dropped</c>.
/// </summary>
internal sealed class EventStream(TopicTail tail, CatalogReader catalog, ResultsReader results, ExperimentStore experiments, IHostApplicationLifetime lifetime)
{
    private const int Waiting = 1_000;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(1);

    public Task ShowAsync(HttpContext context, string id) => ViewerSockets.ServeAsync(context, async (socket, viewer, ct) =>
    {
        if (await experiments.FindAsync(viewer.Site, id, ct) is not { } stored)
        {
            await ViewerSockets.CloseAsync(socket, (WebSocketCloseStatus)4404, $"there is no test '{id}'");
            return;
        }

        using var gone = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = ViewerSockets.ListenAsync(socket, viewer, gone);
        try
        {
            await FollowAsync(socket, viewer, stored, gone.Token);
            await ViewerSockets.DismissAsync(socket, gone);
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The watcher is gone, or this service is stopping.
            await gone.CancelAsync();
        }

        await listening;
    }, lifetime.ApplicationStopping);

    /// <summary>Ends when the viewer's rights do.</summary>
    private async Task FollowAsync(WebSocket socket, Viewer viewer, StoredExperiment stored, CancellationToken ct)
    {
        var dropped = 0L;
        var events = Channel.CreateBounded<Event>(
            new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, _ => Interlocked.Increment(ref dropped));
        using var listener = await tail.ListenAsync(value => Take(value, viewer.Site, stored.Key, events.Writer), ct);
        await SendAsync(socket, "test", LegacyTests.Show(Performance.Of(viewer.Site, stored, results)), ct);
        ExperimentResults? sent = null;
        var guardAt = Environment.TickCount64;
        while (true)
        {
            while (events.Reader.TryRead(out var message)) await SendAsync(socket, "event", Show(message, Interlocked.Exchange(ref dropped, 0)), ct);
            if (results.Find(viewer.Site, stored.Key) is { } latest && !ReferenceEquals(latest, sent))
            {
                await SendAsync(socket, "results", JsonNode.Parse(latest.ResultsJson.Span)!, ct);
                sent = latest;
            }

            if (Environment.TickCount64 - guardAt > Guard.TotalMilliseconds)
            {
                if (!await viewer.MayStillSeeAsync()) return;
                guardAt = Environment.TickCount64;
            }

            await Task.Delay(Interval, ct);
        }
    }

    /// <summary>Its exposures, the events that name it, and those that its metrics measure.</summary>
    private void Take(byte[] value, string site, string test, ChannelWriter<Event> events)
    {
        Event message;
        try
        {
            message = Event.Parser.ParseFrom(value);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }

        if (message.Site != site) return;
        var isItsOwn = message.Exposure?.Experiment == test
            || (message.Exposure is null && (Measures(catalog.Current.Find(site, test)?.Current, message.Type) || Property(message, "test_id") == test));
        if (isItsOwn) events.TryWrite(message);
    }

    private static bool Measures(Experiment? experiment, string type) => experiment?.Metrics.Any(m => m.Events.Contains(type)) == true;

    private static object Show(Event message, long dropped) => new
    {
        message.Id,
        EventType = message.Type,
        VariantId = message.Exposure?.Variant ?? Property(message, "variant_id"),
        message.VisitorId,
        SessionId = message.SessionId.Length > 0 ? message.SessionId : null,
        Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(message.TimestampMs),
        Value = message.HasValueE4 ? (decimal?)message.ValueE4 / Scaled.One : null,
        Dropped = dropped > 0 ? dropped : (long?)null,
    };

    private static string? Property(Event message, string name)
    {
        if (message.PropertiesJson.IsEmpty) return null;
        using var properties = JsonDocument.Parse(message.PropertiesJson.Memory);
        return properties.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static async Task SendAsync(WebSocket socket, string type, object content, CancellationToken ct)
    {
        var message = new JsonObject { ["type"] = type, [type] = JsonSerializer.SerializeToNode(content, JsonBody.Options) };
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, ct);
    }
}

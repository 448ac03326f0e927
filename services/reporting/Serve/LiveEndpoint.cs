using System.Net.WebSockets;
using System.Text.Json;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;

namespace CroPlatform.Services.Reporting.Serve;

/// <summary>
/// GET /live, a WebSocket. A browser cannot send a header with it, so the first message is <c>{"key": "…"}</c>, an admin key; nothing is
/// sent before it was accepted. A wrong key, or none within five seconds, closes the socket with status 4401.
/// </summary>
internal static class LiveEndpoint
{
    private const WebSocketCloseStatus Unauthorized = (WebSocketCloseStatus)4401;
    private const int MaxFirstMessage = 1_024;
    private static readonly TimeSpan KeyPatience = TimeSpan.FromSeconds(5);

    public static void MapLive(this IEndpointRouteBuilder app) => app.MapGet("/live", async (
        HttpContext context, IKeyLookup keys, LivePage page, IHostApplicationLifetime lifetime) =>
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Problem.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "upgrade_required", null, "this path speaks WebSocket");
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var key = await KeyAsync(socket, leaving.Token);
        if (key is null || keys.Find(key) is not { Role: KeyRole.Admin } grant)
        {
            await CloseAsync(socket, Unauthorized, "send {\"key\": …} with a valid admin key first");
            return;
        }

        await page.ShowAsync(socket, grant.Site, key, leaving.Token);
        await CloseAsync(socket, WebSocketCloseStatus.EndpointUnavailable, "the server is going away");
    }).AllowWithoutKey();

    private static async Task<string?> KeyAsync(WebSocket socket, CancellationToken ct)
    {
        var buffer = new byte[MaxFirstMessage];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(KeyPatience);
        try
        {
            var message = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            if (message.MessageType != WebSocketMessageType.Text || !message.EndOfMessage) return null;
            using var document = JsonDocument.Parse(buffer.AsMemory(0, message.Count));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("key", out var key)
                && key.ValueKind == JsonValueKind.String ? key.GetString() : null;
        }
        catch (Exception e) when (e is OperationCanceledException or JsonException or WebSocketException)
        {
            return null;
        }
    }

    private static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived)) return;
        using var patience = new CancellationTokenSource(KeyPatience);
        try
        {
            await socket.CloseOutputAsync(status, reason, patience.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The other side was faster.
        }
    }
}

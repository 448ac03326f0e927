using System.Net.WebSockets;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;

namespace CroPlatform.Services.Reporting.Serve;

/// <summary>
/// GET /live, a WebSocket. A browser cannot send a header with it, so the first message is <c>{"token": "…"}</c>, a signed-in person's access token,
/// or <c>{"key": "…"}</c>, an admin key; nothing is sent before it was accepted. A later <c>{"token": "…"}</c> renews it. A wrong one, none within
/// five seconds, or one that is not good any more closes the socket with status 4401.
/// </summary>
internal static class LiveEndpoint
{
    public const WebSocketCloseStatus Unauthorized = (WebSocketCloseStatus)4401;
    public const int MaxMessage = 4_096;
    private static readonly TimeSpan KeyPatience = TimeSpan.FromSeconds(5);

    public static void MapLive(this IEndpointRouteBuilder app) => app.MapGet("/live", async (
        HttpContext context, Callers callers, LivePage page, IHostApplicationLifetime lifetime) =>
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Problem.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "upgrade_required", null, "this path speaks WebSocket");
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        if (await FirstAsync(socket, callers, leaving.Token) is not { } viewer)
        {
            await CloseAsync(socket, Unauthorized, "send {\"token\": …} or {\"key\": …}, an admin key, first");
            return;
        }

        await page.ShowAsync(socket, viewer, leaving.Token);
        await CloseAsync(socket, WebSocketCloseStatus.EndpointUnavailable, "the server is going away");
    }).AllowWithoutKey();

    private static async Task<Viewer?> FirstAsync(WebSocket socket, Callers callers, CancellationToken ct)
    {
        var buffer = new byte[MaxMessage];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(KeyPatience);
        try
        {
            var message = await socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            return message is { MessageType: WebSocketMessageType.Text, EndOfMessage: true } ? await Viewer.OfAsync(callers, buffer.AsMemory(0, message.Count)) : null;
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            return null;
        }
    }

    public static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
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

using System.Net.WebSockets;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.ServiceDefaults.Sockets;

/// <summary>
/// WebSockets that are watched. A browser cannot send a header with one, so the first message is <c>{"token": "…"}</c>, a signed-in person's access
/// token, or <c>{"key": "…"}</c>, an admin key; nothing is sent before it was accepted. A later <c>{"token": "…"}</c> renews it. A wrong one, none
/// within five seconds, or one that is not good any more closes the socket with status 4401.
/// </summary>
public static class ViewerSockets
{
    public const WebSocketCloseStatus Unauthorized = (WebSocketCloseStatus)4401;
    public const int MaxMessage = 4_096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Accepts a socket and its viewer, shows until that ends, and closes it. Any other request is answered 426.</summary>
    /// <param name="show">Ends when there is no more to show.</param>
    /// <param name="stopping">The service is going away.</param>
    public static async Task ServeAsync(HttpContext context, Func<WebSocket, Viewer, CancellationToken, Task> show, CancellationToken stopping)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(show);
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Problem.WriteAsync(context, StatusCodes.Status426UpgradeRequired, "upgrade_required", null, "this path speaks WebSocket");
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        if (await FirstAsync(socket, context.RequestServices.GetRequiredService<Callers>(), leaving.Token) is not { } viewer)
        {
            await CloseAsync(socket, Unauthorized, "send {\"token\": …} or {\"key\": …}, an admin key, first");
            return;
        }

        await show(socket, viewer, leaving.Token);
        await CloseAsync(socket, WebSocketCloseStatus.EndpointUnavailable, "the server is going away");
    }

    public static async Task CloseAsync(WebSocket socket, WebSocketCloseStatus status, string reason)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived)) return;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.CloseOutputAsync(status, reason, patience.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The other side was faster.
        }
    }

    /// <summary>
    /// Closes the socket because the viewer's rights have ended. Listening goes on until he closes, too, or takes too long: tearing the socket down
    /// at once would keep him from reading why.
    /// </summary>
    public static async Task DismissAsync(WebSocket socket, CancellationTokenSource gone)
    {
        ArgumentNullException.ThrowIfNull(gone);
        await CloseAsync(socket, Unauthorized, "the token or key is not good any more");
        gone.CancelAfter(Patience);
    }

    /// <summary>Takes what the viewer says, renewals of his token, until he closes; then cancels <paramref name="gone"/>.</summary>
    public static async Task ListenAsync(WebSocket socket, Viewer viewer, CancellationTokenSource gone)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(viewer);
        ArgumentNullException.ThrowIfNull(gone);
        var buffer = new byte[MaxMessage];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), gone.Token) is { MessageType: not WebSocketMessageType.Close } message)
            {
                if (message is { MessageType: WebSocketMessageType.Text, EndOfMessage: true }) await viewer.RenewAsync(buffer.AsMemory(0, message.Count));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // Closed without a word.
        }

        await gone.CancelAsync();
    }

    private static async Task<Viewer?> FirstAsync(WebSocket socket, Callers callers, CancellationToken ct)
    {
        var buffer = new byte[MaxMessage];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Patience);
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
}

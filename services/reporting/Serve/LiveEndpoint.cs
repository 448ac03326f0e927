using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Sockets;

namespace CroPlatform.Services.Reporting.Serve;

/// <summary>GET /live: the WebSocket of the page.</summary>
internal static class LiveEndpoint
{
    public static void MapLive(this IEndpointRouteBuilder app) =>
        app.MapGet("/live", (HttpContext context, LivePage page, IHostApplicationLifetime lifetime) =>
            ViewerSockets.ServeAsync(context, page.ShowAsync, lifetime.ApplicationStopping)).AllowWithoutKey();
}

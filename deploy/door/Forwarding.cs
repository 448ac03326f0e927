using System.Diagnostics;
using System.Net;
using CroPlatform.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Yarp.ReverseProxy.Forwarder;

namespace CroPlatform.Door;

/// <summary>
/// Carries a request to its service, and again while the service restarts, for as long as nothing of the request's body
/// has been handed over. Bodies are sent with Expect: 100-continue, so that a service that is just going away refuses the
/// request before it gets any of the body.
/// </summary>
internal sealed class Forwarding(IHttpForwarder forwarder, IOptions<DoorOptions> options) : IDisposable
{
    /// <summary>In bytes. The services' own limits are lower.</summary>
    public const long MaxBody = 2 << 20;

    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(50);
    private static readonly ForwarderRequestConfig Normal = new() { ActivityTimeout = TimeSpan.FromSeconds(60) };
    private static readonly ForwarderRequestConfig Stream = new() { ActivityTimeout = TimeSpan.FromHours(1) };

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null, // the caller's trace context passes as it is
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
    });

    public async Task HandleAsync(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxBody;
        if (context.Request.ContentLength > MaxBody)
        {
            await RefuseTooLargeAsync(context);
            return;
        }

        var service = Routes.ServiceOf(context.Request.Path);
        var body = new WatchedBody(context.Request.Body);
        context.Request.Body = body;
        var config = Routes.IsStream(context.Request.Path) ? Stream : Normal;
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(RetryEvery, context.RequestAborted))
        {
            var error = await forwarder.SendAsync(context, options.Value.UrlOf(service), _client, config, Transformer.Instance);
            if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
                return;
            if (error == ForwarderError.Request && !body.WasRead && clock.Elapsed.TotalSeconds < options.Value.RetrySeconds)
            {
                context.Response.Clear();
                continue;
            }

            await RefuseAsync(context, error, service, body.WasRead);
            return;
        }
    }

    public void Dispose() => _client.Dispose();

    private static Task RefuseAsync(HttpContext context, ForwarderError error, Service service, bool bodyWasRead)
    {
        var status = context.Response.StatusCode;
        context.Response.Clear();
        if (error == ForwarderError.Request && !bodyWasRead)
        {
            context.Response.Headers.RetryAfter = "1";
            return Problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "service_unavailable", null, $"{service} cannot be reached; nothing was done, try again");
        }

        return status switch
        {
            StatusCodes.Status413PayloadTooLarge => RefuseTooLargeAsync(context),
            StatusCodes.Status504GatewayTimeout => Problem.WriteAsync(context, status, "service_timeout", null, $"{service} did not answer in time; what was asked may have been done"),
            >= 500 => Problem.WriteAsync(context, StatusCodes.Status502BadGateway, "service_failed", null, $"{service} ended the connection without an answer; what was asked may have been done"),
            _ => Problem.WriteAsync(context, status, "bad_request", null, "the body ended too early or came too slowly"),
        };
    }

    private static Task RefuseTooLargeAsync(HttpContext context) =>
        Problem.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, "too_large", null, $"the body may have {MaxBody} bytes at most");

    private sealed class Transformer : HttpTransformer
    {
        public static readonly Transformer Instance = new();

        public override async ValueTask TransformRequestAsync(HttpContext context, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(context, proxyRequest, destinationPrefix, cancellationToken);

            // Replaced, never appended to: what the caller claims about itself is not known to be so.
            proxyRequest.Headers.Remove("X-Forwarded-For");
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
            proxyRequest.Headers.Remove("X-Forwarded-Proto");
            proxyRequest.Headers.TryAddWithoutValidation("X-Forwarded-Proto", context.Request.Scheme);
            if (proxyRequest.Content is not null)
                proxyRequest.Headers.ExpectContinue = true;
        }
    }
}

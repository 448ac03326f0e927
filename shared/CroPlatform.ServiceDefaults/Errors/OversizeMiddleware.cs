using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace CroPlatform.ServiceDefaults.Errors;

/// <summary>
/// Answers 413 to a request whose announced length is over the limit. What the client is already sending is read and thrown away, within
/// bounds: closing the connection in its midst would keep most clients from ever seeing the answer.
/// </summary>
internal sealed class OversizeMiddleware(RequestDelegate next, IOptions<HttpOptions> options)
{
    private const long MostDrained = 32 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public Task InvokeAsync(HttpContext context) =>
        context.Request.ContentLength is { } length && length > options.Value.MaxBodyBytes ? RefuseAsync(context, length, options.Value.MaxBodyBytes) : next(context);

    private static async Task RefuseAsync(HttpContext context, long length, long limit)
    {
        if (length <= MostDrained && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MostDrained;
            await DrainAsync(context);
        }

        await Problem.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, "too_large", null, $"the body has {length} bytes where {limit} are the most");
    }

    private static async Task DrainAsync(HttpContext context)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(Patience);
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Too slow, or gone: the answer is tried all the same.
        }
    }
}

using System.Threading.Channels;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.Services.Assignment.Decide;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Assignment.Serve.GrowthBook;

/// <summary>Server-sent events: <c>features</c> with the whole payload, at once and whenever it changes; a comment now and then in between.</summary>
internal sealed class LiveUpdates(
    SnapshotHolder holder, PayloadCache payloads, TimeProvider clock, IHostApplicationLifetime lifetime, IOptions<AssignmentOptions> options)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    // Experiments that start together are told together.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private int _streams;

    public async Task StreamAsync(HttpContext context, string site)
    {
        if (Interlocked.Increment(ref _streams) > options.Value.MaxStreams)
        {
            Interlocked.Decrement(ref _streams);
            context.Response.Headers.RetryAfter = "30";
            await Problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "too_many_streams", null, "as many streams are open as this service takes");
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        // One mark is enough: whoever reads it sends what stands then.
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void OnChange(SiteChange change)
        {
            if (change.Site == site) changed.Writer.TryWrite(true);
        }

        holder.Changed += OnChange;
        try
        {
            await SendAsync(context.Response, site, changed.Reader, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has left, or the service ends: the client connects again.
        }
        finally
        {
            holder.Changed -= OnChange;
            Interlocked.Decrement(ref _streams);
        }
    }

    private async Task SendAsync(HttpResponse response, string site, ChannelReader<bool> changed, CancellationToken stop)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        Payload? sent = null;
        while (true)
        {
            var payload = payloads.Of(site);
            if (sent?.Tag.Equals(payload.Tag) == true)
            {
                await response.WriteAsync(": still here\n\n", stop);
            }
            else
            {
                await response.WriteAsync("event: features\ndata: ", stop);
                await response.Body.WriteAsync(payload.Json, stop);
                await response.WriteAsync("\n\n", stop);
            }

            await response.Body.FlushAsync(stop);
            sent = payload;
            if (await ChangedAsync(site, changed, stop)) await Task.Delay(Gathering, clock, stop);
        }
    }

    /// <summary>Waits for a change, a schedule or the time for a sign of life. True for a change.</summary>
    private async Task<bool> ChangedAsync(string site, ChannelReader<bool> changed, CancellationToken stop)
    {
        var wait = payloads.NextChange(site) - clock.GetUtcNow() is { } until && until < KeepAlive ? until : KeepAlive;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1));
        try
        {
            await changed.ReadAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
    }
}

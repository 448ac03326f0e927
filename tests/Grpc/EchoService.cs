using System.Collections.Concurrent;
using CroPlatform.Grpc.Tests.Echo;
using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

/// <summary>The texts of hanging calls that were seen cancelled.</summary>
public sealed class CancelledCalls : ConcurrentDictionary<string, bool>;

/// <summary>Does as the request says; clients/python/server.py and clients/node/server.js do the same.</summary>
public sealed class EchoService(CancelledCalls cancelled, GrpcHealth health) : Echo.Echo.EchoBase
{
    public override async Task<Pong> Unary(Ping request, ServerCallContext context)
    {
        await ActAsync(request, context);
        var wasCancelled = request.Act == Ping.Types.Act.WasCancelled && cancelled.ContainsKey(request.Text);
        return Answer(request, wasCancelled ? 1 : 0);
    }

    public override async Task ServerStream(Ping request, IServerStreamWriter<Pong> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Count; i++)
            await responseStream.WriteAsync(Answer(request, i));
        await ActAsync(request, context);
    }

    public override async Task<Pong> ClientStream(IAsyncStreamReader<Ping> requestStream, ServerCallContext context)
    {
        var (text, count) = ("", 0);
        await foreach (var ping in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await ActAsync(ping, context);
            text += ping.Text;
            count++;
        }
        return new Pong { Text = text, Number = count };
    }

    public override async Task Duplex(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Pong> responseStream, ServerCallContext context)
    {
        var count = 0;
        await foreach (var ping in requestStream.ReadAllAsync(context.CancellationToken))
        {
            await ActAsync(ping, context);
            await responseStream.WriteAsync(Answer(ping, count++));
        }
    }

    private static Pong Answer(Ping ping, int number) => new() { Text = ping.Text, Payload = ping.Payload, Number = number };

    private async Task ActAsync(Ping ping, ServerCallContext context)
    {
        switch (ping.Act)
        {
            case Ping.Types.Act.Hang:
                try
                {
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                }
                finally
                {
                    cancelled.TryAdd(ping.Text, true);
                }
                break;
            case Ping.Types.Act.Throw:
                throw new InvalidOperationException("secret detail");
            case Ping.Types.Act.Metadata:
                var headers = new Metadata();
                foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("test-", StringComparison.Ordinal)))
                {
                    headers.Add(entry);
                    context.ResponseTrailers.Add(entry.IsBinary
                        ? new Metadata.Entry("trailer-" + entry.Key, entry.ValueBytes)
                        : new Metadata.Entry("trailer-" + entry.Key, entry.Value));
                }
                await context.WriteResponseHeadersAsync(headers);
                break;
            case Ping.Types.Act.Serve:
                health.Set(ping.Text, serving: true);
                break;
        }
        if (ping.Status != 0)
            throw new RpcException(new Status((StatusCode)ping.Status, ping.Text), new Metadata { { "test-cause", "asked for" } });
    }
}

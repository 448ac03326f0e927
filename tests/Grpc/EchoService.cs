using System.Collections.Concurrent;
using CroPlatform.Grpc.Tests.Echo;
using Grpc.Core;

namespace CroPlatform.Grpc.Tests;

/// <summary>The texts of hanging calls that were seen cancelled.</summary>
public sealed class CancelledCalls : ConcurrentDictionary<string, bool>;

/// <summary>How many messages the stream of a text has read or written.</summary>
public sealed class Progress : ConcurrentDictionary<string, int>
{
    public void Note(string text) => AddOrUpdate(text, 1, (_, count) => count + 1);
}

/// <summary>Does as the request says; clients/python/server.py and clients/node/server.js do the same.</summary>
public sealed class EchoService(CancelledCalls cancelled, Progress progress, GrpcHealth health) : Echo.Echo.EchoBase
{
    public override async Task<Pong> Unary(Ping request, ServerCallContext context)
    {
        await ActAsync(request, context);
        return Answer(request, request.Act switch
        {
            Ping.Types.Act.WasCancelled => cancelled.ContainsKey(request.Text) ? 1 : 0,
            Ping.Types.Act.Progress => progress.GetValueOrDefault(request.Text),
            _ => 0,
        });
    }

    public override async Task ServerStream(Ping request, IServerStreamWriter<Pong> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Count; i++)
        {
            await responseStream.WriteAsync(Answer(request, i));
            progress.Note(request.Text);
        }
        await ActAsync(request, context);
    }

    public override async Task<Pong> ClientStream(IAsyncStreamReader<Ping> requestStream, ServerCallContext context)
    {
        var (text, count) = ("", 0);
        await foreach (var ping in requestStream.ReadAllAsync(context.CancellationToken))
        {
            text += ping.Text;
            count++;
            progress.Note(text);
            await ActAsync(ping, context);
        }
        return new Pong { Text = text, Number = count };
    }

    public override async Task Duplex(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Pong> responseStream, ServerCallContext context)
    {
        var (count, first) = (0, "");
        var held = new List<Pong>();
        await foreach (var ping in requestStream.ReadAllAsync(context.CancellationToken))
        {
            first = count == 0 ? ping.Text : first;
            progress.Note(first);
            await ActAsync(ping, context);
            var pong = Answer(ping, count++);
            if (ping.Act == Ping.Types.Act.AtEnd)
                held.Add(pong);
            else
                await responseStream.WriteAsync(pong);
        }
        foreach (var pong in held)
            await responseStream.WriteAsync(pong);
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
            case Ping.Types.Act.Gzip:
                await context.WriteResponseHeadersAsync(new Metadata { { "grpc-internal-encoding-request", "gzip" } });
                break;
            case Ping.Types.Act.Serve:
                health.Set(ping.Text, serving: true);
                break;
        }
        if (ping.Status != 0)
            throw new RpcException(new Status((StatusCode)ping.Status, ping.Text), new Metadata { { "test-cause", "asked for" } });
    }
}

using Grpc.Core;

namespace CroPlatform.Grpc.Server;

/// <summary>The messages a client streams to a service.</summary>
internal sealed class RequestStream<T>(HttpServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private T? _current;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message: MoveNext comes first, and must say true.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken) =>
        (_current = await call.ReadAsync(marshaller, cancellationToken).ConfigureAwait(false)) is not null;
}

/// <summary>The messages a service streams to its client.</summary>
internal sealed class ResponseStream<T>(HttpServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        // Kestrel swallows what is written to a client that has gone; the service is to notice.
        call.CancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _writing, 1) == 1)
            throw new InvalidOperationException("A write is under way; await it before the next one.");
        try
        {
            var flags = (WriteOptions ?? call.WriteOptions)?.Flags ?? WriteFlags.None;
            await call.WriteAsync(marshaller, message, flags, flush: !flags.HasFlag(WriteFlags.BufferHint), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}

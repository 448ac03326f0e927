using System.Net;
using Grpc.Core;

namespace CroPlatform.Grpc.Client;

/// <summary>A request body that stays open while the caller writes messages to it.</summary>
internal sealed class StreamedContent<T>(ClientCall call, Marshaller<T> marshaller) : HttpContent, IClientStreamWriter<T>, IStreamedContent
{
    private readonly TaskCompletionSource<Stream> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _completedByCaller;
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (_completedByCaller)
            throw new InvalidOperationException("The request stream was completed before.");
        // The transport may take messages for a while after the server has ended the call.
        if (call.HasEnded)
            throw await call.WriteFailureAsync(null).ConfigureAwait(false);
        if (Interlocked.Exchange(ref _writing, 1) == 1)
            throw new InvalidOperationException("A write is under way; await it before the next one.");
        try
        {
            var flags = (WriteOptions ?? call.WriteOptions)?.Flags ?? WriteFlags.None;
            await SendAsync(call.Frame(marshaller, message, flags), flush: !flags.HasFlag(WriteFlags.BufferHint), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        _completedByCaller = true;
        _complete.TrySetResult();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void End(bool asComplete)
    {
        _body.TrySetCanceled();
        if (asComplete)
            _complete.TrySetResult();
        else
            _complete.TrySetCanceled();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _body.TrySetResult(stream);
        await _complete.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Returning closes the request as if it were complete, which a call given up must never do. A reset by the server cancels the token
        // too, but an exception would hide from HttpClient's caller what the server said.
        if (_complete.Task.IsCanceled || call.IsGivenUp)
            throw new OperationCanceledException("The call was given up.");
    }

    private async Task SendAsync(ReadOnlyMemory<byte> frame, bool flush, CancellationToken cancellationToken)
    {
        // As everywhere in gRPC, giving up on a message gives up on the call; half of one would break the stream anyway.
        using var registration = cancellationToken.UnsafeRegister(static call => ClientCall.Cancel(call!), call);
        try
        {
            var body = await _body.Task.ConfigureAwait(false);
            await body.WriteAsync(frame, CancellationToken.None).ConfigureAwait(false);
            if (flush)
                await body.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            throw await call.WriteFailureAsync(exception).ConfigureAwait(false);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

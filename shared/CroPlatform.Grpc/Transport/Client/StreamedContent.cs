using System.Net;
using CroPlatform.Grpc.Wire;
using Grpc.Core;

namespace CroPlatform.Grpc.Client;

/// <summary>A request body that stays open while the caller writes messages to it.</summary>
internal sealed class StreamedContent<T>(ClientCall call, Marshaller<T> marshaller, int sendLimit) : HttpContent, IClientStreamWriter<T>, IAbortable
{
    private readonly TaskCompletionSource<Stream> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writing;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (_complete.Task.IsCompletedSuccessfully)
            throw new InvalidOperationException("The request stream was completed before.");
        if (Interlocked.Exchange(ref _writing, 1) == 1)
            throw new InvalidOperationException("A write is under way; await it before the next one.");
        try
        {
            var frame = MessageWriter.ToMemory(marshaller, message, sendLimit);
            var body = await _body.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            await body.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
            if (WriteOptions is null || !WriteOptions.Flags.HasFlag(WriteFlags.BufferHint))
                await body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw call.WriteFailure(exception);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        _complete.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>Lets go of writers and of the request when the call has ended.</summary>
    public void Abort()
    {
        _body.TrySetCanceled();
        _complete.TrySetCanceled();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _body.TrySetResult(stream);
        await _complete.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Grpc.Core;

namespace CroPlatform.Grpc.Wire;

/// <summary>Takes length-prefixed messages (flag, four-byte big-endian length, payload) from a pipe, parsed where they lie.</summary>
internal static class MessageReader
{
    public const int HeaderSize = 5;

    /// <summary>The next message, or null at the end of the stream.</summary>
    /// <param name="input">The body.</param>
    /// <param name="marshaller">Parses the payload.</param>
    /// <param name="limit">Largest payload in bytes, before and after decompression.</param>
    /// <param name="encoding">The peer's grpc-encoding.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="RpcException">INTERNAL for a broken frame, RESOURCE_EXHAUSTED beyond the limit, UNIMPLEMENTED for an unknown encoding.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<T?> ReadAsync<T>(
        PipeReader input, Marshaller<T> marshaller, int limit, string? encoding, CancellationToken cancellationToken)
        where T : class
    {
        var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var buffer = result.Buffer;
            var consumed = buffer.End;
            var examined = buffer.End;
            var needed = HeaderSize;
            try
            {
                if (result.IsCanceled)
                    throw new OperationCanceledException(cancellationToken);
                if (buffer.Length >= HeaderSize)
                {
                    var (compressed, length) = ReadHeader(buffer, limit);
                    needed += length;
                    if (buffer.Length >= needed)
                    {
                        var payload = buffer.Slice(HeaderSize, length);
                        consumed = examined = payload.End;
                        return Parse(compressed ? MessageCompression.Decompress(payload, encoding, limit) : payload, marshaller);
                    }
                }
                if (result.IsCompleted)
                    return buffer.IsEmpty ? null : throw new RpcException(new Status(StatusCode.Internal, "The stream ended within a message."));
                consumed = buffer.Start;
            }
            finally
            {
                input.AdvanceTo(consumed, examined);
            }
            result = await input.ReadAtLeastAsync(needed, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The one message of a stream that must hold exactly one.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<T> ReadSingleAsync<T>(
        PipeReader input, Marshaller<T> marshaller, int limit, string? encoding, CancellationToken cancellationToken)
        where T : class
    {
        var message = await ReadAsync(input, marshaller, limit, encoding, cancellationToken).ConfigureAwait(false)
            ?? throw new RpcException(new Status(StatusCode.Internal, "The stream ended without a message."));
        var rest = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
        var more = rest.Buffer.Length > 0;
        input.AdvanceTo(rest.Buffer.End);
        return more ? throw new RpcException(new Status(StatusCode.Internal, "More than one message came where one is allowed.")) : message;
    }

    private static (bool Compressed, int Length) ReadHeader(ReadOnlySequence<byte> buffer, int limit)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        buffer.Slice(0, HeaderSize).CopyTo(header);
        if (header[0] > 1)
            throw new RpcException(new Status(StatusCode.Internal, $"A message begins with the flag {header[0]}; it is 0 or 1."));
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return length <= (uint)limit ? (header[0] == 1, (int)length) : throw TooLarge(length, limit);
    }

    private static T Parse<T>(ReadOnlySequence<byte> payload, Marshaller<T> marshaller)
        where T : class
    {
        var context = Payload.OfThread;
        context.Set(payload);
        try
        {
            return marshaller.ContextualDeserializer(context);
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"A message could not be parsed as {typeof(T).Name}.", exception));
        }
        finally
        {
            context.Set(default);
        }
    }

    public static RpcException TooLarge(long length, int limit) =>
        new(new Status(StatusCode.ResourceExhausted, $"A received message has {length} bytes or more; the limit is {limit}."));

    // Deserializers run to their end on one thread, so one context a thread serves them all.
    private sealed class Payload : DeserializationContext
    {
        [ThreadStatic]
        private static Payload? _ofThread;

        private ReadOnlySequence<byte> _payload;

        public static Payload OfThread => _ofThread ??= new Payload();

        public override int PayloadLength => (int)_payload.Length;

        public void Set(ReadOnlySequence<byte> payload) => _payload = payload;

        public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;
    }
}

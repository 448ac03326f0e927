using System.Buffers;
using System.IO.Compression;
using Grpc.Core;

namespace CroPlatform.Grpc.Wire;

/// <summary>gzip, message by message ("gRPC compression").</summary>
internal static class MessageCompression
{
    /// <summary>The level where nobody named one.</summary>
    public const CompressionLevel Default = CompressionLevel.Fastest;

    /// <summary>A frame with its payload compressed; the frame as it is where that would not make it smaller.</summary>
    public static ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> frame, CompressionLevel level)
    {
        using var packed = new MemoryStream();
        packed.SetLength(MessageReader.HeaderSize);
        packed.Position = MessageReader.HeaderSize;
        using (var gzip = new GZipStream(packed, level, leaveOpen: true))
            gzip.Write(frame.Span[MessageReader.HeaderSize..]);
        if (packed.Length >= frame.Length)
            return frame;
        var compressed = packed.GetBuffer().AsMemory(0, (int)packed.Length);
        MessageWriter.WriteHeader(compressed.Span, compressed: true, compressed.Length - MessageReader.HeaderSize);
        return compressed;
    }

    /// <summary>The payload of a compressed message, inflated to at most <paramref name="limit"/> bytes.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED beyond the limit, UNIMPLEMENTED for another encoding, INTERNAL for what is no gzip.</exception>
    public static ReadOnlySequence<byte> Decompress(ReadOnlySequence<byte> payload, string? encoding, int limit)
    {
        if (encoding is null or WireFormat.Identity)
            throw new RpcException(new Status(StatusCode.Internal, "A message is marked compressed, but no grpc-encoding was named."));
        if (encoding != WireFormat.Gzip)
            throw new RpcException(new Status(StatusCode.Unimplemented, $"The grpc-encoding '{encoding}' is not supported; {WireFormat.AcceptedEncodings} are."));
        var output = new ArrayBufferWriter<byte>();
        try
        {
            using var gzip = new GZipStream(new MemoryStream(payload.ToArray()), CompressionMode.Decompress);
            for (int read; (read = gzip.Read(output.GetSpan(4096))) > 0;)
            {
                output.Advance(read);
                if (output.WrittenCount > limit)
                    throw MessageReader.TooLarge(output.WrittenCount, limit);
            }
        }
        catch (InvalidDataException exception)
        {
            throw new RpcException(new Status(StatusCode.Internal, "A message could not be decompressed.", exception));
        }
        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }
}

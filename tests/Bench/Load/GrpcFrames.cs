using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace CroPlatform.Bench.Load;

/// <summary>
/// HTTP/2 frames (RFC 9113) of a unary gRPC call. Header fields are literals without indexing (RFC 7541, 6.2.2), so a request is the same
/// bytes each time but for its stream's number.
/// </summary>
internal static class GrpcFrames
{
    public const int HeaderSize = 9;
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte ResetStream = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Acknowledge = 1;
    public const byte EndStream = 1;

    private const byte EndHeaders = 4;

    /// <summary>What a client says first: no dynamic header table, and windows that never close.</summary>
    public static byte[] Preface()
    {
        byte[] settings = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff];
        return [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0, settings), .. Window(int.MaxValue - 65_535)];
    }

    public static byte[] Window(int increment)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, increment);
        return Frame(WindowUpdate, 0, 0, payload);
    }

    /// <summary>HEADERS and DATA of one call; <paramref name="dataAt"/> is where the second frame begins.</summary>
    public static byte[] Call(Uri server, string method, string? key, IMessage message, out int dataAt)
    {
        using var block = new MemoryStream();
        block.Write([0x83, 0x86]); // :method POST and :scheme http, from the static table
        Field(":path", method);
        Field(":authority", server.Authority);
        Field("content-type", "application/grpc");
        Field("te", "trailers");
        if (key is not null) Field("authorization", $"Bearer {key}");
        var headers = Frame(Headers, EndHeaders, 0, block.ToArray());
        var payload = message.ToByteArray();
        var data = new byte[5 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(1), payload.Length);
        payload.CopyTo(data, 5);
        if (data.Length > 16_384) throw new BenchException("a request must fit into one frame of 16 KiB");
        dataAt = headers.Length;
        return [.. headers, .. Frame(Data, EndStream, 0, data)];

        void Field(string name, string value)
        {
            block.WriteByte(0);
            Text(name);
            Text(value);
        }

        void Text(string text)
        {
            if (text.Length >= 127) throw new BenchException($"'{text}' is too long for a header field of one length byte");
            block.WriteByte((byte)text.Length);
            block.Write(Encoding.ASCII.GetBytes(text));
        }
    }

    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        SetStream(frame, stream);
        payload.CopyTo(frame.AsSpan(HeaderSize));
        return frame;
    }

    public static void SetStream(Span<byte> frame, int stream) => BinaryPrimitives.WriteInt32BigEndian(frame[5..], stream);

    public static (int Length, byte Type, byte Flags, int Stream) Read(ReadOnlySpan<byte> frame) =>
        (BinaryPrimitives.ReadInt32BigEndian(frame) >>> 8, frame[3], frame[4], BinaryPrimitives.ReadInt32BigEndian(frame[5..]) & int.MaxValue);
}

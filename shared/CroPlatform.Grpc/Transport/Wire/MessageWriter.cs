using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace CroPlatform.Grpc.Wire;

/// <summary>Writes one length-prefixed message, straight into the transport's buffer where its size is announced.</summary>
internal sealed class MessageWriter : SerializationContext
{
    // Serializers run to their end on one thread, so one context a thread serves them all.
    [ThreadStatic]
    private static MessageWriter? _ofThread;

    private IBufferWriter<byte>? _output;
    private ArrayBufferWriter<byte>? _unsized;
    private int? _announced;
    private int _limit;
    private bool _begun;

    /// <summary>Writes the message to <paramref name="output"/>; nothing is written when it exceeds <paramref name="limit"/> bytes.</summary>
    public static void Write<T>(IBufferWriter<byte> output, Marshaller<T> marshaller, T message, int limit) =>
        (_ofThread ??= new MessageWriter()).Serialize(output, marshaller, message, limit);

    /// <summary>The message with its prefix, in memory of its own.</summary>
    public static ReadOnlyMemory<byte> ToMemory<T>(Marshaller<T> marshaller, T message, int limit)
    {
        var writer = _ofThread ??= new MessageWriter();
        return ((ArrayBufferWriter<byte>)writer.Serialize(null, marshaller, message, limit)).WrittenMemory;
    }

    public static void WriteHeader(Span<byte> header, bool compressed, int length)
    {
        header[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)length);
    }

    public override void SetPayloadLength(int payloadLength) => _announced = payloadLength;

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_announced is not { } length)
            return _unsized ??= new ArrayBufferWriter<byte>();
        if (!_begun)
            Begin(length);
        return _output!;
    }

    public override void Complete()
    {
        if (_unsized is { } unsized)
            Complete(unsized.WrittenSpan);
        else if (!_begun)
            throw new InvalidOperationException("A serializer completed a message without a payload.");
    }

    public override void Complete(byte[] payload) => Complete(payload.AsSpan());

    private void Complete(ReadOnlySpan<byte> payload)
    {
        Begin(payload.Length);
        _output.Write(payload);
    }

    private IBufferWriter<byte> Serialize<T>(IBufferWriter<byte>? output, Marshaller<T> marshaller, T message, int limit)
    {
        _output = output;
        _unsized = null;
        _announced = null;
        _limit = limit;
        _begun = false;
        try
        {
            marshaller.ContextualSerializer(message, this);
            return _begun ? _output! : throw new InvalidOperationException("A serializer ended without completing its message.");
        }
        finally
        {
            _output = null;
            _unsized = null;
        }
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_output))]
    private void Begin(int length)
    {
        if (length > _limit)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message to be sent has {length} bytes; the limit is {_limit}."));
        _output ??= new ArrayBufferWriter<byte>(MessageReader.HeaderSize + length);
        WriteHeader(_output.GetSpan(MessageReader.HeaderSize), compressed: false, length);
        _output.Advance(MessageReader.HeaderSize);
        _begun = true;
    }
}

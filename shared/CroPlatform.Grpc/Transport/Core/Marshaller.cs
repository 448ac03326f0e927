using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a serializer puts one message: either <see cref="Complete(byte[])"/>, or length, buffer, <see cref="Complete()"/>.</summary>
public abstract class SerializationContext
{
    public abstract void Complete(byte[] payload);

    public abstract void Complete();

    /// <summary>Announces the payload's size in bytes, which lets it be written straight to the transport.</summary>
    public abstract void SetPayloadLength(int payloadLength);

    public abstract IBufferWriter<byte> GetBufferWriter();
}

/// <summary>One received message. The payload is valid only until the deserializer returns.</summary>
public abstract class DeserializationContext
{
    /// <summary>The payload's size in bytes.</summary>
    public abstract int PayloadLength { get; }

    public abstract byte[] PayloadAsNewBuffer();

    public abstract ReadOnlySequence<byte> PayloadAsReadOnlySequence();
}

/// <summary>Turns messages of one type into bytes and back.</summary>
public sealed class Marshaller<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer)
{
    public Action<T, SerializationContext> ContextualSerializer { get; } = serializer;

    public Func<DeserializationContext, T> ContextualDeserializer { get; } = deserializer;
}

public static class Marshallers
{
    public static Marshaller<T> Create<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) =>
        new(serializer, deserializer);

    public static Marshaller<T> Create<T>(Func<T, byte[]> serializer, Func<byte[], T> deserializer) =>
        new((message, context) => context.Complete(serializer(message)), context => deserializer(context.PayloadAsNewBuffer()));
}

using System.Text;
using System.Text.Unicode;

namespace CroPlatform.Broker.Wire;

/// <summary>The bytes are no request of this protocol. The connection is closed; nothing else comes of it.</summary>
internal sealed class MalformedRequestException(string message) : Exception(message);

/// <summary>Reads a request's fields in order. Every read is checked against the end, every count against what could be there.</summary>
/// <param name="buffer">Owned by the caller, who keeps it until the request is answered: slices of it are handed out.</param>
internal sealed class WireReader(Memory<byte> buffer)
{
    // No client of ours names more in one array; without a bound, a request of two-byte elements makes objects of forty times its size.
    private const int MaxElements = 20_000;

    private int _at;

    /// <summary>Fields that came later, <c>since</c> a version, are read from that version on; before, they have their default.</summary>
    public short Version { get; set; }

    /// <summary>Whether strings, arrays and structures have the compact form.</summary>
    public bool Flexible { get; set; }

    public int Remaining => buffer.Length - _at;

    public sbyte Int8(int since = 0) => Version < since ? default : (sbyte)Take(1).Span[0];

    public bool Boolean(int since = 0) => Int8(since) != 0;

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2).Span);

    public int Int32(int since = 0, int otherwise = -1) => Version < since ? otherwise : BinaryPrimitives.ReadInt32BigEndian(Take(4).Span);

    public long Int64(int since = 0) => Version < since ? -1 : BinaryPrimitives.ReadInt64BigEndian(Take(8).Span);

    public Guid Uuid(int since = 0) => Version < since ? default : new(Take(16).Span, bigEndian: true);

    public string String() => NullableString() ?? throw new MalformedRequestException("a string is missing");

    public string? NullableString(int since = 0) => Version < since ? null : Text(Flexible ? Compact() : Int16());

    /// <summary>A slice of the request itself.</summary>
    public Memory<byte>? NullableBytes() => (Flexible ? Compact() : Int32()) is var length and >= 0 ? Take(length) : null;

    public Memory<byte> Bytes() => NullableBytes() ?? throw new MalformedRequestException("bytes are missing");

    public T[] Array<T>(Func<WireReader, T> element) => NullableArray(element) ?? [];

    public T[]? NullableArray<T>(Func<WireReader, T> element)
    {
        var count = Flexible ? Compact() : Int32();
        if (count < 0)
            return null;
        if (count > Remaining || count > MaxElements)
            throw new MalformedRequestException($"an array of {count} elements");
        var array = new T[count];
        for (var i = 0; i < count; i++)
            array[i] = element(this);
        return array;
    }

    /// <summary>Passes over tagged fields, none of which is used here. Nothing in the old form.</summary>
    public void Tags()
    {
        for (var left = Flexible ? UnsignedVarint() : 0; left > 0; left--)
        {
            UnsignedVarint();
            Take((int)Math.Min(UnsignedVarint(), int.MaxValue));
        }
    }

    private string? Text(int length)
    {
        if (length < 0)
            return null;
        var bytes = Take(length).Span;
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw new MalformedRequestException("a string is not UTF-8");
    }

    // Zero is null, anything else one more than the length.
    private int Compact() => (int)Math.Min(UnsignedVarint(), int.MaxValue) - 1;

    private uint UnsignedVarint()
    {
        var value = 0u;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var part = (byte)Int8();
            value |= (uint)(part & 0x7f) << shift;
            if (part < 0x80)
                return value;
        }

        throw new MalformedRequestException("a varint of more than five bytes");
    }

    private Memory<byte> Take(int count)
    {
        if (count < 0 || count > Remaining)
            throw new MalformedRequestException($"{count} bytes wanted, {Remaining} left");
        _at += count;
        return buffer.Slice(_at - count, count);
    }
}

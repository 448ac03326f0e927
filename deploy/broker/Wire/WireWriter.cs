using System.Text;

namespace CroPlatform.Broker.Wire;

/// <summary>Writes a response's fields in order into a pooled buffer.</summary>
internal sealed class WireWriter(int capacity = 256) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>Fields that came later, <c>since</c> a version, are written from that version on only.</summary>
    public short Version { get; set; }

    /// <summary>Whether strings, arrays and structures have the compact form.</summary>
    public bool Flexible { get; set; }

    /// <summary>Less forgets what was written from there on; more takes what <see cref="Room"/> was filled with.</summary>
    public int Length { get; set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public WireWriter Int8(int value, int since = 0)
    {
        Take(1, since)[0] = (byte)value;
        return this;
    }

    public WireWriter Boolean(bool value, int since = 0) => Int8(value ? 1 : 0, since);

    public WireWriter Int16(int value, int since = 0)
    {
        BinaryPrimitives.WriteInt16BigEndian(Take(2, since), (short)value);
        return this;
    }

    public WireWriter Int32(int value, int since = 0)
    {
        BinaryPrimitives.WriteInt32BigEndian(Take(4, since), value);
        return this;
    }

    public WireWriter Int64(long value, int since = 0)
    {
        BinaryPrimitives.WriteInt64BigEndian(Take(8, since), value);
        return this;
    }

    public WireWriter Uuid(Guid value, int since = 0)
    {
        value.TryWriteBytes(Take(16, since), bigEndian: true, out _);
        return this;
    }

    public WireWriter Error(ErrorCode error, int since = 0) => Int16((short)error, since);

    /// <summary>How long the client should wait before it asks again: never.</summary>
    public WireWriter Throttle(int since = 0) => Int32(0, since);

    public WireWriter String(string? value, int since = 0)
    {
        if (Version < since)
            return this;
        var length = value is null ? -1 : Encoding.UTF8.GetByteCount(value);
        _ = Flexible ? UnsignedVarint((uint)(length + 1)) : Int16(length);
        if (value is not null)
            Encoding.UTF8.GetBytes(value, Take(length));
        return this;
    }

    public WireWriter Bytes(ReadOnlySpan<byte> value)
    {
        Count(value.Length);
        value.CopyTo(Take(value.Length));
        return this;
    }

    /// <summary>An array's count, or the length of bytes; -1 for null. What is counted follows.</summary>
    public WireWriter Count(int count, int since = 0) =>
        Version < since ? this : Flexible ? UnsignedVarint((uint)(count + 1)) : Int32(count);

    public WireWriter Array<T>(IReadOnlyCollection<T> elements, Action<T> element)
    {
        Count(elements.Count);
        foreach (var one in elements)
            element(one);
        return this;
    }

    /// <summary>No tagged fields. Nothing in the old form.</summary>
    public WireWriter Tags() => Flexible ? Int8(0) : this;

    /// <summary>Room for that many bytes at the end.</summary>
    public Span<byte> Room(int size)
    {
        if (_buffer.Length - Length < size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, Length + size));
            Written.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(Length, size);
    }

    /// <summary>Sets a 32-bit field that was written before its value was known.</summary>
    public void PatchInt32(int at, int value) => BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(at, 4), value);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private WireWriter UnsignedVarint(uint value)
    {
        for (; value >= 0x80; value >>= 7)
            Int8((int)(value | 0x80));
        return Int8((int)value);
    }

    /// <summary>The next bytes; before the version <paramref name="since"/> those behind the end, which are written over.</summary>
    private Span<byte> Take(int size, int since = 0)
    {
        var room = Room(size);
        Length += Version < since ? 0 : size;
        return room;
    }
}

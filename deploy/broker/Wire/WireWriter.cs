using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace CroPlatform.Broker.Wire;

/// <summary>Writes a response's fields in order into a pooled buffer.</summary>
internal sealed class WireWriter(int capacity = 256) : IDisposable
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>Whether strings, arrays and structures have the compact form.</summary>
    public bool Flexible { get; set; }

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, Length);

    public void Int8(int value) => Take(1)[0] = (byte)value;

    public void Boolean(bool value) => Int8(value ? 1 : 0);

    public void Int16(int value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), (short)value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    public void Error(ErrorCode error) => Int16((short)error);

    public void Uuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    public void String(string? value)
    {
        var length = value is null ? -1 : Encoding.UTF8.GetByteCount(value);
        if (Flexible)
            UnsignedVarint((uint)(length + 1));
        else
            Int16(length);
        if (value is not null)
            Encoding.UTF8.GetBytes(value, Take(length));
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        if (Flexible)
            UnsignedVarint((uint)value.Length + 1);
        else
            Int32(value.Length);
        value.CopyTo(Take(value.Length));
    }

    /// <summary>An array's count; -1 for null. The elements follow.</summary>
    public void Count(int count)
    {
        if (Flexible)
            UnsignedVarint((uint)(count + 1));
        else
            Int32(count);
    }

    public void Array<T>(IReadOnlyCollection<T> elements, Action<T> element)
    {
        Count(elements.Count);
        foreach (var one in elements)
            element(one);
    }

    /// <summary>No tagged fields. Nothing in the old form.</summary>
    public void Tags()
    {
        if (Flexible)
            Int8(0);
    }

    /// <summary>Room for that many bytes at the end, to be filled now and taken by <see cref="Advance"/>.</summary>
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

    public void Advance(int count) => Length += count;

    /// <summary>Sets a 32-bit field that was written before its value was known.</summary>
    public void PatchInt32(int at, int value) => BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(at, 4), value);

    /// <summary>Forgets what was written from here on.</summary>
    public void Rewind(int length) => Length = length;

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void UnsignedVarint(uint value)
    {
        for (; value >= 0x80; value >>= 7)
            Int8((int)(value | 0x80));
        Int8((int)value);
    }

    private Span<byte> Take(int size)
    {
        var room = Room(size);
        Length += size;
        return room;
    }
}

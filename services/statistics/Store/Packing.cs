using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>Writes what <see cref="ByteReader"/> reads: numbers of seven bits a byte, the lowest first, and strings in UTF-8 after their length.</summary>
internal readonly struct ByteWriter(ArrayBufferWriter<byte> buffer)
{
    public void Byte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    public void Fixed(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    public void Number(int value) => Number((ulong)(uint)value);

    /// <summary>As two's complement: ten bytes if it is negative.</summary>
    public void Number(long value) => Number((ulong)value);

    /// <summary>Small numbers take little room whatever their sign.</summary>
    public void Signed(Int128 value)
    {
        var left = (UInt128)(value << 1) ^ (UInt128)(value >> 127);
        for (; left >= 0x80; left >>= 7) Byte((byte)(left | 0x80));
        Byte((byte)left);
    }

    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Number(length);
        Encoding.UTF8.GetBytes(value, buffer.GetSpan(length));
        buffer.Advance(length);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        buffer.Write(value);
    }

    private void Number(ulong left)
    {
        for (; left >= 0x80; left >>= 7) Byte((byte)(left | 0x80));
        Byte((byte)left);
    }
}

/// <summary>Reads what <see cref="ByteWriter"/> wrote.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;

    public readonly bool IsAtEnd => _left.IsEmpty;

    public byte Byte()
    {
        var value = _left[0];
        _left = _left[1..];
        return value;
    }

    public ulong Fixed() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public int Number() => (int)(uint)Unsigned();

    public long Long() => (long)Unsigned();

    public Int128 Signed()
    {
        UInt128 value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = Byte();
            value |= (UInt128)(next & 0x7Fu) << shift;
            if (next < 0x80) return (Int128)(value >> 1) ^ -(Int128)(value & 1);
        }
    }

    public string Text()
    {
        var utf8 = Take(Number());
        Span<char> characters = utf8.Length <= 256 ? stackalloc char[utf8.Length] : new char[utf8.Length];
        return SharedNames.Of(characters[..Encoding.UTF8.GetChars(utf8, characters)]);
    }

    /// <summary>A part of what is read, not a copy.</summary>
    public ReadOnlySpan<byte> Bytes() => Take(Number());

    private ReadOnlySpan<byte> Take(int length)
    {
        var taken = _left[..length];
        _left = _left[length..];
        return taken;
    }

    private ulong Unsigned()
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7Fu) << shift;
            if (next < 0x80) return value;
        }
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CroPlatform.Experimentation.Facts;

/// <summary>128 bits of the SHA-256 of an event's id: what is remembered of it. Nobody can make two ids meet.</summary>
public readonly record struct FactId(ulong High, ulong Low) : IComparable<FactId>
{
    public static FactId Of(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        var size = Encoding.UTF8.GetMaxByteCount(id.Length);
        Span<byte> utf8 = size <= 1_024 ? stackalloc byte[size] : new byte[size];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(id, utf8)], hash);
        return new FactId(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
    }

    public int CompareTo(FactId other)
    {
        var high = High.CompareTo(other.High);
        return high != 0 ? high : Low.CompareTo(other.Low);
    }

    public static bool operator <(FactId left, FactId right) => left.CompareTo(right) < 0;
    public static bool operator >(FactId left, FactId right) => left.CompareTo(right) > 0;
    public static bool operator <=(FactId left, FactId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(FactId left, FactId right) => left.CompareTo(right) >= 0;
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace CroPlatform.Experimentation.Configuration;

/// <summary>A tenant.</summary>
/// <param name="TimeZone">IANA name; hour and weekday dimensions are told in it.</param>
public sealed record Site(string Key, string TimeZone, ImmutableArray<ApiKey> ApiKeys);

/// <summary>A secret that opens a site. Two of them share an <paramref name="Id"/> while a key's old secret is still good beside its new one.</summary>
/// <param name="Id">Names the key for ever, whatever its secret; empty: the first eight digits of the hash.</param>
/// <param name="ExpiresMs">From then on it opens nothing; milliseconds since 1970 UTC, 0: never.</param>
public sealed record ApiKey(KeyHash Hash, KeyRole Role, string Id = "", long ExpiresMs = 0)
{
    /// <summary>Which pages may use it, as their browsers say it in the header Origin (https://shop.example); empty: all.</summary>
    public ImmutableArray<string> Origins { get; init; } = [];
}

/// <summary>What a key may do; each role may do what the ones before it may.</summary>
public enum KeyRole
{
    /// <summary>Nothing: a signed-in person holds no key.</summary>
    None = 0,

    /// <summary>Send events; may stand in a page.</summary>
    Write = 1,

    /// <summary>Send events and ask for assignments.</summary>
    Server = 2,

    /// <summary>Manage the site.</summary>
    Admin = 3,
}

/// <summary>SHA-256 of a key. Keys are 256 random bits, so neither salt nor stretching is needed.</summary>
public readonly record struct KeyHash(ulong A, ulong B, ulong C, ulong D)
{
    public static KeyHash Of(ReadOnlySpan<char> key)
    {
        Span<byte> utf8 = stackalloc byte[MaxKeyLength * 3];
        if (key.Length > MaxKeyLength) return default;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(key, utf8)], hash);
        return From(hash);
    }

    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static KeyHash From(ReadOnlySpan<byte> sha256)
    {
        if (sha256.Length != SHA256.HashSizeInBytes) throw new ArgumentException("a key's hash has 32 bytes", nameof(sha256));
        return new KeyHash(
            BinaryPrimitives.ReadUInt64BigEndian(sha256),
            BinaryPrimitives.ReadUInt64BigEndian(sha256[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(sha256[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(sha256[24..]));
    }

    /// <summary>The first eight hexadecimal digits: names a key without telling it.</summary>
    public string ShortName => (A >> 32).ToString("x8", CultureInfo.InvariantCulture);

    public byte[] ToBytes()
    {
        var bytes = new byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, A);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), B);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(16), C);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), D);
        return bytes;
    }

    private const int MaxKeyLength = 256;
}

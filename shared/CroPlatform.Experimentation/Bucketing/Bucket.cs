using System.Globalization;

namespace CroPlatform.Experimentation.Bucketing;

/// <summary>
/// Where a unit falls: GrowthBook's hash, version 2. FNV-1a of 32 bits over the UTF-16 code units of seed + unit, its decimal
/// text hashed again, modulo 10 000. Source: the page "Build your own SDK" of GrowthBook's documentation; a code unit is one
/// round, as in its JavaScript reference.
/// </summary>
public static class Bucket
{
    /// <summary>How many buckets there are.</summary>
    public const int Count = 10_000;

    private const uint OldCount = 1_000;
    private const uint OffsetBasis = 2_166_136_261;
    private const uint Prime = 16_777_619;

    /// <summary>The bucket of a unit, 0 to 9 999. Allocates nothing.</summary>
    public static int Of(ReadOnlySpan<char> seed, ReadOnlySpan<char> unit)
    {
        var first = Continue(Continue(OffsetBasis, seed), unit);
        Span<char> digits = stackalloc char[10];
        first.TryFormat(digits, out var written, provider: CultureInfo.InvariantCulture);
        return (int)(Continue(OffsetBasis, digits[..written]) % Count);
    }

    /// <summary>
    /// Where a value falls by any published version of the hash: 2 as above; 1 the biased one of old experiments (FNV-1a of value + seed,
    /// modulo 1 000); null for a version that does not exist.
    /// </summary>
    public static double? Position(ReadOnlySpan<char> seed, ReadOnlySpan<char> value, int version) => version switch
    {
        2 => Position(Of(seed, value)),
        1 => Continue(Continue(OffsetBasis, value), seed) % OldCount / (double)OldCount,
        _ => null,
    };

    /// <summary>A bucket as the fraction that ranges are compared with, 0 (inclusive) to 1 (exclusive).</summary>
    public static double Position(int bucket) => bucket / (double)Count;

    private static uint Continue(uint hash, ReadOnlySpan<char> text)
    {
        unchecked
        {
            foreach (var unit in text) hash = (hash ^ unit) * Prime;
        }

        return hash;
    }
}

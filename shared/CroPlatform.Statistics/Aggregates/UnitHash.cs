namespace CroPlatform.Statistics.Aggregates;

/// <summary>A 64-bit hash of unit ids for sketches: FNV-1a over UTF-16 code units, then SplitMix64's finalizer to spread every bit.</summary>
public static class UnitHash
{
    public static ulong Of(string unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var hash = 14695981039346656037UL;
        foreach (var c in unit)
        {
            hash = unchecked((hash ^ (byte)c) * 1099511628211UL);
            hash = unchecked((hash ^ (byte)(c >> 8)) * 1099511628211UL);
        }
        return Spread(hash);
    }

    /// <summary>SplitMix64's finalizer (Steele, Lea, Flood, OOPSLA 2014).</summary>
    public static ulong Spread(ulong x)
    {
        x = unchecked((x ^ (x >> 30)) * 0xbf58476d1ce4e5b9UL);
        x = unchecked((x ^ (x >> 27)) * 0x94d049bb133111ebUL);
        return x ^ (x >> 31);
    }
}

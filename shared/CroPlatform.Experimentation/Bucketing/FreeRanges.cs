using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Bucketing;

/// <summary>What is left of a layer.</summary>
public static class FreeRanges
{
    /// <summary>The lowest buckets that nobody has taken, as many as the share asks for, as ranges in order; null if so many are not left.</summary>
    /// <param name="share">0 to 1, rounded to whole buckets, at least one.</param>
    public static ImmutableArray<BucketRange>? Take(IEnumerable<BucketRange> taken, double share)
    {
        var ranges = taken.ToList();
        var wanted = Math.Max(1, (int)Math.Round(share * Bucket.Count));
        var free = Enumerable.Range(0, Bucket.Count).Where(b => !ranges.Exists(r => r.Overlaps(Of(b, b + 1)))).Take(wanted).ToList();
        if (free.Count < wanted) return null;
        var stretches = ImmutableArray.CreateBuilder<BucketRange>();
        var first = free[0];
        for (var i = 1; i <= free.Count; i++)
        {
            if (i < free.Count && free[i] == free[i - 1] + 1) continue;
            stretches.Add(Of(first, free[i - 1] + 1));
            if (i < free.Count) first = free[i];
        }

        return stretches.ToImmutable();
    }

    private static BucketRange Of(int from, int to) => new(Bucket.Position(from), Bucket.Position(to));
}

using System.Collections.Concurrent;

namespace CroPlatform.ServiceDefaults.Limits;

/// <summary>A bucket for each of many callers. Those that are full again are forgotten, so that callers who come once do not pile up.</summary>
public sealed class TokenBuckets<TKey>(TimeProvider clock)
    where TKey : notnull
{
    private const int Tidy = 10_000;

    private readonly ConcurrentDictionary<TKey, TokenBucket> _buckets = new();
    private int _sweepAt = Tidy;

    /// <summary>Buckets that are kept.</summary>
    public int Count => _buckets.Count;

    public bool TryTake(TKey caller, TokenRate rate, out TimeSpan wait)
    {
        if (_buckets.TryGetValue(caller, out var bucket)) return bucket.TryTake(rate, clock, out wait);
        if (_buckets.Count >= Volatile.Read(ref _sweepAt)) Sweep();
        return _buckets.GetOrAdd(caller, static _ => new TokenBucket()).TryTake(rate, clock, out wait);
    }

    /// <summary>Sweeps again only when there are twice as many as were left, so that the cost a call stays constant.</summary>
    private void Sweep()
    {
        foreach (var (caller, bucket) in _buckets)
        {
            if (bucket.IsFull(clock)) _buckets.TryRemove(caller, out _);
        }

        Volatile.Write(ref _sweepAt, Math.Max(Tidy, _buckets.Count * 2));
    }
}

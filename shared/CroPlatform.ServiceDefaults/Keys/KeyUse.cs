using System.Collections.Concurrent;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>When each key was last used at this instance, to within ten seconds, until somebody takes the news away.</summary>
public sealed class KeyUse(TimeProvider clock)
{
    private const long GrainMs = 10_000;

    private readonly ConcurrentDictionary<(string Site, string Actor), long> _lastMs = new();
    private long _drainedMs;

    internal void Note(string site, string actor)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        // Mostly a read: a key that is busy writes once in ten seconds.
        if (!_lastMs.TryGetValue((site, actor), out var last) || now - last >= GrainMs) _lastMs[(site, actor)] = now;
    }

    /// <summary>What is new since the last call: the key's site and actor, and milliseconds since 1970 UTC.</summary>
    public IReadOnlyList<(string Site, string Actor, long LastMs)> Drain()
    {
        var from = _drainedMs;
        var fresh = _lastMs.Where(k => k.Value > from).Select(k => (k.Key.Site, k.Key.Actor, k.Value)).ToList();
        if (fresh.Count > 0) _drainedMs = fresh.Max(k => k.Value);
        return fresh;
    }
}

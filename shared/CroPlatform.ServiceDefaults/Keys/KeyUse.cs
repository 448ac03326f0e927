using System.Collections.Concurrent;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>When each key was last used at this instance, to within ten seconds, until somebody takes the news away.</summary>
public sealed class KeyUse(TimeProvider clock)
{
    /// <summary>The Redis hash in which instances tell it.</summary>
    public const string Report = "cro:key-use";

    private const string ActorPrefix = "key:";
    private const long GrainMs = 10_000;

    private readonly ConcurrentDictionary<(string Site, string Actor), long> _lastMs = new();
    private long _drainedMs;

    internal void Note(string site, string actor)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        // Mostly a read: a key that is busy writes once in ten seconds.
        if (!_lastMs.TryGetValue((site, actor), out var last) || now - last >= GrainMs) _lastMs[(site, actor)] = now;
    }

    /// <summary>What is new since the last call, as fields of the report: the key's site and actor, and milliseconds since 1970 UTC.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Drain()
    {
        var from = _drainedMs;
        // The latest ones are told again: another key may have been used within the same millisecond.
        var fresh = _lastMs.Where(k => k.Value >= from).ToList();
        if (fresh.Count > 0) _drainedMs = fresh.Max(k => k.Value);
        return [.. fresh.Select(k => KeyValuePair.Create($"{k.Key.Site}|{k.Key.Actor}", k.Value.ToString()))];
    }

    /// <summary>A field of the report; null if it is none.</summary>
    public static (string Site, string KeyId, DateTimeOffset At)? Parse(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Split('|') is [var site, var actor] && actor.StartsWith(ActorPrefix, StringComparison.Ordinal) && long.TryParse(value, out var ms)
            ? (site, actor[ActorPrefix.Length..], DateTimeOffset.FromUnixTimeMilliseconds(ms))
            : null;
    }
}

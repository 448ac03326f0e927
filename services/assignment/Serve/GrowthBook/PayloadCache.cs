using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Services.Assignment.Decide;
using Microsoft.Net.Http.Headers;

namespace CroPlatform.Services.Assignment.Serve.GrowthBook;

/// <summary>A site's payload as it is sent.</summary>
internal sealed record Payload(byte[] Json, EntityTagHeaderValue Tag);

/// <summary>The payload of each site, written anew when its rules change or a schedule opens or closes.</summary>
internal sealed class PayloadCache(SnapshotHolder holder, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Entry> _sites = new();

    public Payload Of(string site)
    {
        var (rules, now) = (holder.Current.Of(site), clock.GetUtcNow());
        if (_sites.TryGetValue(site, out var known) && known.Rules == rules && now < known.Until) return known.Payload;
        var entry = new Entry(rules, rules.NextChange(now) ?? DateTimeOffset.MaxValue, Write(rules, now));
        _sites[site] = entry;
        return entry.Payload;
    }

    /// <summary>When the payload of a site changes by a schedule; null: not by itself.</summary>
    public DateTimeOffset? NextChange(string site) => holder.Current.Of(site).NextChange(clock.GetUtcNow());

    private static Payload Write(SiteRules rules, DateTimeOffset now)
    {
        var updatedMs = rules.Experiments.Select(e => e.Experiment.EffectiveMs).DefaultIfEmpty().Max();
        var updated = DateTimeOffset.FromUnixTimeMilliseconds(updatedMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        // The payload's members, between two of ours.
        byte[] json = [.. "{\"status\":200,"u8, .. SdkPayload.Write(rules, now).AsSpan()[1..^1], .. System.Text.Encoding.ASCII.GetBytes($",\"dateUpdated\":\"{updated}\"}}")];
        return new Payload(json, new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(json).AsSpan(0, 16))}\""));
    }

    private sealed record Entry(SiteRules Rules, DateTimeOffset Until, Payload Payload);
}

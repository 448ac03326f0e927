using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>Only users whose hash falls into certain ranges take part.</summary>
internal sealed record HashFilter(string? Attribute, string Seed, int Version, ImmutableArray<BucketRange> Ranges)
{
    public static HashFilter Parse(JsonElement json) =>
        new(json.Text("attribute"), json.Text("seed") ?? "", json.Integer("hashVersion") is { } version and not 0 ? version : 2, json.Ranges("ranges") ?? []);

    public bool Includes(UserContext user)
    {
        var (_, value) = user.HashValue(Attribute);
        return value.ValueKind != JsonValueKind.Undefined
            && Bucket.Position(Seed, JavaScript.Text(value), Version) is { } position
            && Ranges.Any(r => r.Contains(position));
    }
}

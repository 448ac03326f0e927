using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>An experiment of a payload, from a feature's rule or on its own, compiled.</summary>
public sealed class InlineExperiment
{
    private readonly JsonElement _json;

    private InlineExperiment(JsonElement json, string key, IReadOnlyDictionary<string, JsonElement> groups)
    {
        _json = json;
        Key = key;
        Variations = [.. json.Items("variations") ?? throw new FormatException("an experiment needs variations")];
        Meta = [.. (json.Items("meta") ?? []).Select(m => (m.Text("key"), m.Text("name"), m.Flag("passthrough")))];
        Ranges = json.Ranges("ranges") is { } ranges
            ? BucketRanges.Of(ranges)
            : BucketRanges.OfAny(Variations.Length, json.Number("coverage"), json.Items("weights")?.Select(w => w.GetDouble()).ToList());
        Filters = json.Items("filters")?.Select(HashFilter.Parse).ToImmutableArray();
        Condition = json.Member("condition") is { } condition ? Condition.ParseLeniently(condition, groups) : null;
        Parents = [.. (json.Items("parentConditions") ?? []).Select(p => Parent.Parse(p, groups))];
        UrlTargets = json.Member("urlPatterns") is { } targets ? UrlTargets.Parse(targets) : null;
        if (json.Items("namespace") is [var name, var from, var to]) Namespace = new Namespace(name.GetString()!, from.GetDouble(), to.GetDouble());
    }

    public string Key { get; }

    /// <summary>The JSON value of each variation.</summary>
    public ImmutableArray<JsonElement> Variations { get; }

    /// <summary>The variation that everybody who would take part gets; null: none is forced.</summary>
    public int? Force => _json.TryGetProperty("force", out var force) ? force.ValueKind == JsonValueKind.Number ? force.GetInt32() : -1 : null;

    public bool PersistQueryString => _json.Flag("persistQueryString");

    internal ImmutableArray<(string? Key, string? Name, bool Passthrough)> Meta { get; }
    internal BucketRanges Ranges { get; }
    internal ImmutableArray<HashFilter>? Filters { get; }
    internal Namespace? Namespace { get; }
    internal Condition? Condition { get; }
    internal ImmutableArray<Parent> Parents { get; }
    internal UrlTargets? UrlTargets { get; }
    internal bool IsActive => _json.Member("active")?.ValueKind != JsonValueKind.False;
    internal string Seed => _json.Text("seed") ?? Key;
    internal int HashVersion => _json.Integer("hashVersion") is { } version and not 0 ? version : 1;
    internal string? HashAttribute => _json.Text("hashAttribute");
    internal string? FallbackAttribute => _json.Text("fallbackAttribute");
    internal bool DisableStickyBucketing => _json.Flag("disableStickyBucketing");
    internal int BucketVersion => _json.Integer("bucketVersion") ?? 0;
    internal int MinBucketVersion => _json.Integer("minBucketVersion") ?? 0;

    /// <param name="json">The experiment, or a feature's rule that has variations.</param>
    /// <param name="key">Its key where the JSON names none.</param>
    /// <exception cref="FormatException">A field that cannot be read.</exception>
    internal static InlineExperiment Parse(JsonElement json, IReadOnlyDictionary<string, JsonElement> groups, string key = "") =>
        new(json, json.Text("key") ?? key, groups);

    /// <summary>The variation of this key, or -1.</summary>
    internal int IndexOfMeta(string key) => Meta.Select(m => m.Key).ToList().IndexOf(key);

    /// <summary>The fallback attribute, which only remembered assignments may be made by.</summary>
    internal string? FallbackFor(UserContext user) => user.Sticky is not null && !DisableStickyBucketing ? FallbackAttribute : null;
}

/// <summary>A stretch of a hash shared by experiments, of the old kind: version 1, one stretch.</summary>
/// <param name="From">Inclusive, 0 to 1.</param>
/// <param name="To">Exclusive, 0 to 1.</param>
public sealed record Namespace(string Name, double From, double To)
{
    public bool Includes(string unit) => Bucket.Position($"__{Name}", unit, 1) is { } position && position >= From && position < To;
}

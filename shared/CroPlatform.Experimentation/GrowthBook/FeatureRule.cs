using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>One rule of a feature, compiled: it forces a value, or runs an experiment; one that does neither is passed over.</summary>
internal sealed class FeatureRule
{
    private readonly JsonElement _json;
    private readonly string _feature;
    private readonly BucketRange? _range;
    private readonly double? _coverage;

    private FeatureRule(string feature, JsonElement json, IReadOnlyDictionary<string, JsonElement> groups)
    {
        (_feature, _json) = (feature, json);
        Id = json.Text("id") ?? "";
        Parents = [.. (json.Items("parentConditions") ?? []).Select(p => Parent.Parse(p, groups))];
        Filters = [.. (json.Items("filters") ?? []).Select(HashFilter.Parse)];
        Condition = json.Member("condition") is { } condition ? Condition.ParseLeniently(condition, groups) : null;
        Force = json.TryGetProperty("force", out var force) ? force : null;
        if (json.Member("range") is { } range) _range = JsonRead.Range(range);
        _coverage = json.Number("coverage");
        if (Force is null && json.Items("variations") is not null) Experiment = InlineExperiment.Parse(json, groups, feature);
    }

    public string Id { get; }
    public ImmutableArray<Parent> Parents { get; }
    public ImmutableArray<HashFilter> Filters { get; }
    public Condition? Condition { get; }
    public JsonElement? Force { get; }
    public InlineExperiment? Experiment { get; }

    public static FeatureRule Parse(string feature, JsonElement json, IReadOnlyDictionary<string, JsonElement> groups) => new(feature, json, groups);

    /// <summary>Whether the user is in the share to which the value is rolled out.</summary>
    public bool Reaches(UserContext user)
    {
        if (_range is null && _coverage is null) return true;
        if (_range is null && _coverage == 0) return false;
        var fallback = user.Sticky is not null && !_json.Flag("disableStickyBucketing") ? _json.Text("fallbackAttribute") : null;
        var (_, value) = user.HashValue(_json.Text("hashAttribute"), fallback);
        if (value.ValueKind == JsonValueKind.Undefined) return false;
        var version = _json.Integer("hashVersion") is { } given and not 0 ? given : 1;
        if (Bucket.Position(_json.Text("seed") ?? _feature, JavaScript.Text(value), version) is not { } position) return false;
        return _range?.Contains(position) ?? position <= _coverage;
    }
}

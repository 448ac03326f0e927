using System.Collections.Frozen;
using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>For whom features are evaluated.</summary>
public sealed record UserContext
{
    private static readonly JsonElement NoAttributes = JsonDocument.Parse("{}").RootElement;

    /// <summary>A JSON object: what is hashed and what conditions read.</summary>
    public JsonElement Attributes { get; init; } = NoAttributes;

    /// <summary>The page's address; empty if there is none.</summary>
    public string Url { get; init; } = "";

    /// <summary>Variations by experiment that a developer or tester asked for.</summary>
    public IReadOnlyDictionary<string, int> ForcedVariations { get; init; } = FrozenDictionary<string, int>.Empty;

    /// <summary>Nobody is assigned at random, only what is forced counts.</summary>
    public bool QaMode { get; init; }

    /// <summary>False: no experiment runs.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Where assignments are remembered; null: nowhere.</summary>
    public StickyBuckets? Sticky { get; init; }

    /// <summary>What an attribute hashes as, with its name; the second attribute stands in where the first has no value.</summary>
    internal (string Attribute, JsonElement Value) HashValue(string? attribute, string? fallback = null)
    {
        attribute ??= "id";
        if (Attributes.Member(attribute) is { } value && JavaScript.IsTruthy(value)) return (attribute, value);
        if (fallback is not null && Attributes.Member(fallback) is { } other && JavaScript.IsTruthy(other)) return (fallback, other);
        return (attribute, default);
    }
}

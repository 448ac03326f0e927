using System.Collections.Frozen;
using System.Text.Json;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>
/// GrowthBook's targeting conditions, compiled: Mongo-like JSON over attributes, with the operators and JavaScript semantics of its SDK
/// specification (page "Build your own SDK", evalCondition). Immutable; evaluation is pure, and allocates nothing where strings and numbers
/// are compared with a few given ones.
/// </summary>
public sealed class Condition
{
    /// <summary>More operators and fields than this are refused.</summary>
    public const int MaxNodes = 1_000;

    /// <summary>More values in all of its lists are refused: a saved group takes more.</summary>
    public const int MaxValues = 10_000;

    /// <summary>Deeper nesting is refused.</summary>
    public const int MaxDepth = 32;

    private static readonly FrozenDictionary<string, JsonElement> NoGroups = FrozenDictionary<string, JsonElement>.Empty;

    private readonly Predicate<JsonElement> _holds;
    private readonly FrozenSet<string> _attributes;

    private Condition(ConditionCompiler compiler, JsonElement json)
    {
        _holds = compiler.Object(json.Clone(), 1);
        _attributes = compiler.Attributes.ToFrozenSet(StringComparer.Ordinal);
        Groups = compiler.Groups.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>The saved groups that it names.</summary>
    public IReadOnlySet<string> Groups { get; }

    /// <summary>Whether it holds for these attributes, a JSON object.</summary>
    public bool Holds(JsonElement attributes) => _holds(attributes);

    /// <summary>Whether a field of it begins with this name.</summary>
    public bool Reads(string attribute) => _attributes.Contains(attribute);

    /// <param name="json">The condition, a JSON object.</param>
    /// <param name="groups">Saved groups by key, each a JSON array; what $inGroup names. One that is not there has no members.</param>
    /// <exception cref="FormatException">It is no object, too large, too deep, or has an operator or a pattern that does not exist.</exception>
    public static Condition Parse(JsonElement json, IReadOnlyDictionary<string, JsonElement>? groups = null) =>
        new(new ConditionCompiler(groups ?? NoGroups, strict: true), json);

    /// <summary>As <see cref="Parse"/>, but an unknown operator or pattern never holds instead of being refused: the reference SDKs' way.</summary>
    public static Condition ParseLeniently(JsonElement json, IReadOnlyDictionary<string, JsonElement>? groups = null) =>
        new(new ConditionCompiler(groups ?? NoGroups, strict: false), json);
}

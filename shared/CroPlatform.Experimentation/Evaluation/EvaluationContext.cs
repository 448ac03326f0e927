using System.Text.Json;
using CroPlatform.Experimentation.GrowthBook;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>For whom, where and when is decided.</summary>
public readonly record struct EvaluationContext
{
    private static readonly JsonElement NoAttributes = JsonDocument.Parse("{}").RootElement;

    public string? VisitorId { get; init; }
    public string? UserId { get; init; }
    public string? AccountId { get; init; }
    public string? DeviceId { get; init; }

    /// <summary>A JSON object, what targeting reads; null: none. Units and address are seen in it as well, where it does not name them itself.</summary>
    public JsonElement? Attributes { get; init; }

    /// <summary>The page's address; null: the attribute url, if there is one.</summary>
    public string? Url { get; init; }

    public DateTimeOffset Time { get; init; }

    /// <summary>What was remembered of the units in sticky experiments; null: nothing.</summary>
    public IReadOnlyList<StickyBucket>? Sticky { get; init; }

    /// <summary>The unit's id; null or empty if it is not known.</summary>
    public string? Unit(string unitType) => unitType switch
    {
        UnitTypes.Visitor => VisitorId,
        UnitTypes.User => UserId,
        UnitTypes.Account => AccountId,
        UnitTypes.Device => DeviceId,
        _ => null,
    };

    /// <summary>The context with this unit set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such type of unit.</exception>
    public EvaluationContext WithUnit(string unitType, string id) => unitType switch
    {
        UnitTypes.Visitor => this with { VisitorId = id },
        UnitTypes.User => this with { UserId = id },
        UnitTypes.Account => this with { AccountId = id },
        UnitTypes.Device => this with { DeviceId = id },
        _ => throw new ArgumentOutOfRangeException(nameof(unitType), unitType, "there is no such type of unit"),
    };

    internal string? PageUrl => Url
        ?? (Attributes?.Member("url") is { ValueKind: JsonValueKind.String } url ? url.GetString() : null);

    /// <summary>What this condition reads. Copied only where it reads units or the address.</summary>
    internal JsonElement AttributesFor(Condition condition)
    {
        var attributes = Attributes ?? NoAttributes;
        return ReadsOwn(condition, attributes) ? WithOwn(attributes) : attributes;
    }

    private static bool ReadsOwn(Condition condition, JsonElement attributes)
    {
        foreach (var name in OwnNames)
        {
            if (condition.Reads(name) && attributes.Member(name) is null) return true;
        }

        return false;
    }

    private JsonElement WithOwn(JsonElement attributes)
    {
        var all = new Dictionary<string, JsonElement>();
        foreach (var (name, value) in OwnNames.Zip(new[] { VisitorId, VisitorId, UserId, AccountId, DeviceId, Url }))
        {
            if (!string.IsNullOrEmpty(value)) all[name] = JsonSerializer.SerializeToElement(value);
        }

        foreach (var member in attributes.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.Null || !all.ContainsKey(member.Name)) all[member.Name] = member.Value;
        }

        return JsonSerializer.SerializeToElement(all);
    }

    /// <summary>The visitor is "id" as well: the name that GrowthBook's SDKs hash by.</summary>
    private static readonly string[] OwnNames = ["id", "visitor_id", "user_id", "account_id", "device_id", "url"];
}

/// <summary>A remembered assignment of a unit in a sticky experiment.</summary>
/// <param name="BucketVersion">The experiment's bucket version when it was made.</param>
/// <param name="Propensity">With what probability it was made; null if that was not recorded.</param>
public sealed record StickyBucket(string Experiment, int BucketVersion, string Variant, double? Propensity = null);

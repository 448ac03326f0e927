using System.Collections.Immutable;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>Members of a payload as its SDKs read them: one that is missing, null or of the wrong type is not there.</summary>
internal static class JsonRead
{
    public static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;

    public static JsonElement? Member(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;

    public static double? Number(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Number } value ? value.GetDouble() : null;

    public static int? Integer(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    public static bool Flag(this JsonElement json, string name) => json.Member(name)?.ValueKind == JsonValueKind.True;

    public static IReadOnlyList<JsonElement>? Items(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Array } value ? [.. value.EnumerateArray()] : null;

    public static ImmutableArray<BucketRange>? Ranges(this JsonElement json, string name) =>
        json.Items(name) is { } items ? [.. items.Select(Range)] : null;

    /// <summary>A range is [start, end].</summary>
    public static BucketRange Range(JsonElement json) => new(json[0].GetDouble(), json[1].GetDouble());
}

using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>
/// One user's remembered assignments, as documents: one for each attribute by which the user is known. Not for several threads at once.
/// </summary>
public sealed class StickyBuckets
{
    private readonly Dictionary<string, StickyDocument> _documents = [];

    public StickyBuckets(IEnumerable<StickyDocument>? documents = null)
    {
        foreach (var document in documents ?? []) _documents[document.Key] = document;
    }

    /// <summary>Everything that is remembered, what an evaluation added included.</summary>
    public IReadOnlyDictionary<string, StickyDocument> Documents => _documents;

    /// <summary>What was remembered under the experiment for the user's attributes.</summary>
    /// <returns>The index of the variation, or -1; whether an assignment below the lowest version still valid was found.</returns>
    internal (int Variation, bool IsBlocked) Find(InlineExperiment experiment, UserContext user)
    {
        if (_documents.Count == 0) return (-1, false);
        var first = DocumentOf(user.HashValue(experiment.HashAttribute));
        var second = DocumentOf(user.HashValue(experiment.FallbackAttribute));
        for (var version = 0; version < experiment.MinBucketVersion; version++)
        {
            if (Assignment(Name(experiment.Key, version)) is not null) return (-1, true);
        }

        return Assignment(Name(experiment.Key, experiment.BucketVersion)) is { } key ? (experiment.IndexOfMeta(key), false) : (-1, false);

        string? Assignment(string name) => first?.Assignments.GetValueOrDefault(name) ?? second?.Assignments.GetValueOrDefault(name);
    }

    internal void Save(InlineExperiment experiment, string attribute, JsonElement value, string variation)
    {
        var name = Name(experiment.Key, experiment.BucketVersion);
        var document = DocumentOf((attribute, value)) ?? new StickyDocument(attribute, Text(value), new Dictionary<string, string>());
        if (document.Assignments.GetValueOrDefault(name) == variation) return;
        _documents[document.Key] = document with { Assignments = new Dictionary<string, string>(document.Assignments) { [name] = variation } };
    }

    private StickyDocument? DocumentOf((string Attribute, JsonElement Value) user) =>
        user.Value.ValueKind == JsonValueKind.Undefined ? null : _documents.GetValueOrDefault(StickyDocument.KeyOf(user.Attribute, Text(user.Value)));

    private static string Name(string experiment, int version) => $"{experiment}__{version}";

    private static string Text(JsonElement value) => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array
        ? JsonSerializer.Serialize(value)
        : JavaScript.Text(value);
}

/// <param name="Assignments">Keys of variations by experiment and bucket version, as my-experiment__0.</param>
public sealed record StickyDocument(string AttributeName, string AttributeValue, IReadOnlyDictionary<string, string> Assignments)
{
    public string Key => KeyOf(AttributeName, AttributeValue);

    internal static string KeyOf(string attribute, string value) => $"{attribute}||{value}";
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>What is wrong with one field of a request.</summary>
internal sealed record FieldProblem(string Code, string? Field, string Message)
{
    /// <summary>More members of the answer, beside code, field and detail; null: none.</summary>
    public JsonObject? More { get; init; }
}

/// <summary>Collects every problem of a request, so that one answer tells all.</summary>
internal sealed class FieldProblems
{
    private readonly List<FieldProblem> _all = [];

    public IReadOnlyList<FieldProblem> All => _all;

    public void Add(string code, string field, string message) => _all.Add(new FieldProblem(code, field, message));

    public void Missing(string field) => Add("missing", field, $"{field} is required");

    /// <summary>1 to 100 of A–Z, a–z, 0–9, '_', '-' and '.'.</summary>
    public void Key(string? key, string field)
    {
        if (string.IsNullOrEmpty(key)) Missing(field);
        else if (key.Length > 100 || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.'))
        {
            Add("invalid_key", field, $"{field} may have 1 to 100 letters, digits, '_', '-' or '.'");
        }
    }

    public void Text(string? text, string field, int maxLength)
    {
        if (text is null) return;
        if (text.Length > maxLength) Add("too_long", field, $"{field} may have {maxLength} characters");
        if (text.Contains('\0', StringComparison.Ordinal)) Add("invalid_text", field, $"{field} holds a NUL");
    }

    public void Range(double? value, string field, double low, double high)
    {
        if (value is { } number && !(number >= low && number <= high)) Add("out_of_range", field, $"{field} must lie between {low} and {high}");
    }

    /// <summary>A condition of the targeting language, if there is one.</summary>
    public void Condition(JsonElement? condition, string field)
    {
        if (condition is not { } json) return;
        try
        {
            CroPlatform.Experimentation.Targeting.Condition.Parse(json);
        }
        catch (FormatException e)
        {
            Add("invalid_condition", field, $"{field}: {e.Message}");
        }
    }

    /// <summary>Whether there are items, none of them null; null itself is none.</summary>
    public bool Items<T>(IReadOnlyList<T?>? items, string field, int max)
        where T : class
    {
        if (items is null) return false;
        if (items.Count > max) Add("out_of_range", field, $"{field} may have {max} items");
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is not null) continue;
            Add("wrong_type", $"{field}[{i}]", $"{field}[{i}] must not be null");
            return false;
        }

        return items.Count is > 0 && items.Count <= max;
    }

    /// <summary>At most twenty different labels of 1 to 50 characters.</summary>
    public void Tags(IReadOnlyList<string?>? tags, string field)
    {
        if (!Items(tags, field, 20)) return;
        for (var i = 0; i < tags!.Count; i++)
        {
            if (tags[i]!.Length == 0) Missing($"{field}[{i}]");
            Text(tags[i], $"{field}[{i}]", 50);
        }

        if (tags.Distinct().Count() < tags.Count) Add("duplicate_key", field, "a tag is named twice");
    }

    public void Refuse(bool isGiven, string field, string message)
    {
        if (isGiven) Add("not_allowed", field, message);
    }

    public void NotSupported(string field, string message) => Add("not_supported", field, message);
}

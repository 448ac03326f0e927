using CroPlatform.Services.Statistics.Receive;

namespace CroPlatform.Services.Statistics.Check;

/// <summary>What is wrong with one field of a body.</summary>
internal sealed record FieldProblem(string Code, string? Field, string Message);

/// <summary>Checks fields one after another and keeps the first that is at fault.</summary>
internal sealed class FieldChecks
{
    public FieldProblem? First { get; private set; }

    public void Add(string code, string field, string message) => First ??= new FieldProblem(code, field, message);

    public void Known(CalculationPart part, string prefix = "")
    {
        if (part.Unknown?.Keys.FirstOrDefault() is { } name) Add("unknown_field", prefix + name, $"there is no field {prefix}{name} here");
    }

    /// <summary>Whether the field has a value; says so if it has none.</summary>
    public bool Given<T>(T? value, string field)
    {
        if (value is not null) return true;
        Add("missing", field, $"{field} is required");
        return false;
    }

    public void Refuse<T>(T? value, string field, string message)
    {
        if (value is not null) Add("not_allowed", field, message);
    }

    public void OneOf(string? value, string field, params ReadOnlySpan<string> allowed)
    {
        if (value is not null && !allowed.Contains(value)) Add("out_of_range", field, $"{field} must be {string.Join(", ", allowed!)}");
    }

    /// <summary>Both ends belong to it.</summary>
    public void Range(double? value, string field, double low, double high)
    {
        if (value is { } number && !(number >= low && number <= high)) Add("out_of_range", field, $"{field} must lie between {low} and {high}");
    }

    /// <summary>Neither end belongs to it.</summary>
    public void Between(double? value, string field, double low, double high)
    {
        if (value is { } number && !(number > low && number < high))
        {
            Add("out_of_range", field, $"{field} must lie between {low} and {high}, both excluded");
        }
    }

    public void Text(string? value, string field)
    {
        if (value?.Length > 200) Add("too_long", field, $"{field} may have 200 characters");
    }

    /// <summary>The items if their number is right and none is null.</summary>
    public IReadOnlyList<T> Items<T>(IReadOnlyList<T?>? items, string field, int low, int high)
        where T : CalculationPart
    {
        if (!Given(items, field)) return [];
        Range(items!.Count, field, low, high);
        for (var i = 0; i < items.Count; i++)
        {
            if (Given(items[i], $"{field}[{i}]")) Known(items[i]!, $"{field}[{i}].");
        }

        return First is null ? [.. items.OfType<T>()] : [];
    }
}

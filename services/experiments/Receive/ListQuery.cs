using System.Globalization;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>Which part of a list is asked for: <c>?limit=&amp;offset=&amp;sort=&amp;search=</c> and the list's own filters.</summary>
/// <param name="Limit">1 to 1 000; 100 unless asked otherwise.</param>
/// <param name="Offset">How many rows to pass over; 0 or more.</param>
/// <param name="Sort">A name that the list can be sorted by.</param>
/// <param name="Descending">Asked for with a minus before the name: <c>-created_at</c>.</param>
/// <param name="Search">Part of a key or name, in any case; null: no search.</param>
/// <param name="Filters">By name; a name that was not given has no entry.</param>
internal sealed record ListQuery(int Limit, int Offset, string Sort, bool Descending, string? Search, IReadOnlyDictionary<string, string> Filters)
{
    public const int MaxLimit = 1_000;
    public const int DefaultLimit = 100;

    private static readonly string[] Common = ["limit", "offset", "sort", "search"];

    public string? Filter(string name) => Filters.GetValueOrDefault(name);

    /// <summary>The offset of the page after this one, or null if this is the last.</summary>
    public int? Next(int count, long total) => Offset + count < total ? Offset + count : null;

    /// <param name="sorts">The names that the list can be sorted by; the first is the default, with its minus if it is descending.</param>
    /// <param name="filters">The list's own filters.</param>
    public static (ListQuery? Query, FieldProblem? Problem) Read(IQueryCollection query, IReadOnlyList<string> sorts, params IReadOnlyList<string> filters)
    {
        if (query.Keys.FirstOrDefault(k => !Common.Contains(k) && !filters.Contains(k)) is { } unknown)
        {
            return (null, new FieldProblem("unknown_field", unknown, $"this list knows {string.Join(", ", Common.Concat(filters))}"));
        }

        if (query.FirstOrDefault(q => q.Value.Count > 1).Key is { } twice) return (null, new FieldProblem("duplicate_field", twice, $"{twice} is given twice"));
        if (query.FirstOrDefault(q => ((string?)q.Value)?.Contains('\0', StringComparison.Ordinal) == true).Key is { } nul)
        {
            return (null, new FieldProblem("invalid_text", nul, $"{nul} holds a NUL"));
        }

        var (limit, offset) = (Number(query, "limit", DefaultLimit), Number(query, "offset", 0));
        if (limit is not (>= 1 and <= MaxLimit)) return (null, OutOfRange("limit", $"limit must lie between 1 and {MaxLimit}"));
        if (offset is null) return (null, OutOfRange("offset", "offset must be 0 or more"));
        var sort = Text(query, "sort") ?? sorts[0];
        var name = sort.TrimStart('-');
        if (sorts.All(s => s.TrimStart('-') != name)) return (null, OutOfRange("sort", $"sort by {string.Join(", ", sorts.Select(s => s.TrimStart('-')))}; a minus before it turns the order"));
        var given = filters.Select(f => (Name: f, Value: Text(query, f))).Where(f => f.Value is not null).ToDictionary(f => f.Name, f => f.Value!);
        return (new ListQuery(limit.Value, offset.Value, name, sort.StartsWith('-'), Text(query, "search"), given), null);
    }

    private static string? Text(IQueryCollection query, string name) => query[name] is [{ Length: > 0 } value] ? value : null;

    private static int? Number(IQueryCollection query, string name, int otherwise) =>
        Text(query, name) is not { } text ? otherwise : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static FieldProblem OutOfRange(string field, string message) => new("out_of_range", field, message);
}

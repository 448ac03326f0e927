using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>
/// Pages by their address, compiled to regular expressions over the address as it is given, so that a condition on the attribute url says
/// the same in any SDK. Simple patterns name host, path (outer slashes are optional), parameters and fragment, * being any characters;
/// case does not matter to them.
/// </summary>
public sealed class PagePatterns
{
    private const string Mark = "_____";

    private readonly ImmutableArray<(bool Include, ImmutableArray<Expression> All)> _patterns;
    private readonly bool _hasIncludes;

    private PagePatterns(ImmutableArray<(bool, ImmutableArray<Expression>)> patterns)
    {
        _patterns = patterns;
        _hasIncludes = _patterns.Any(p => p.Include);
    }

    /// <exception cref="FormatException">A pattern that cannot be read.</exception>
    public static PagePatterns Parse(IEnumerable<UrlPattern> patterns) =>
        new([.. patterns.Select(p => (p.Include, p.Type == UrlPatternType.Regex ? [Regex(p.Pattern)] : Simple(p.Pattern)))]);

    /// <summary>No excluding pattern matches, and an including one does where there is any. Without an address none matches.</summary>
    public bool Match(string? url)
    {
        var isIncluded = !_hasIncludes;
        foreach (var (include, all) in _patterns)
        {
            if ((isIncluded && include) || !Matches(all, url)) continue;
            if (!include) return false;
            isIncluded = true;
        }

        return isIncluded;
    }

    /// <summary>The same as a condition on the attribute url.</summary>
    public void WriteCondition(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        if (_hasIncludes) WriteAny(writer, "$or", include: true);
        if (_patterns.Any(p => !p.Include)) WriteAny(writer, "$nor", include: false);
        writer.WriteEndObject();
    }

    private void WriteAny(Utf8JsonWriter writer, string name, bool include)
    {
        writer.WriteStartArray(name);
        foreach (var (_, all) in _patterns.Where(p => p.Include == include))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("$and");
            foreach (var expression in all)
            {
                writer.WriteStartObject();
                writer.WriteStartObject("url");
                writer.WriteString("$type", "string");
                writer.WriteString(expression.IgnoreCase ? "$regexi" : "$regex", expression.Text);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static bool Matches(ImmutableArray<Expression> all, string? url)
    {
        if (url is null) return false;
        foreach (var expression in all)
        {
            if (!expression.Pattern.Matches(url)) return false;
        }

        return true;
    }

    private static Expression Regex(string pattern) => pattern.StartsWith("^/", StringComparison.Ordinal)
        ? throw new FormatException("a pattern is tried on the whole address, which does not begin with a slash")
        : new Expression(pattern, IgnoreCase: false);

    private static ImmutableArray<Expression> Simple(string pattern)
    {
        if (pattern.Length is 0 or > Pattern.MaxLength / 2) throw new FormatException($"a page's pattern has 1 to {Pattern.MaxLength / 2} characters");
        if (SimplePattern.Parse(pattern, Mark) is not { } page) throw new FormatException($"'{pattern}' is no address of a page");
        const string Scheme = "(?:[a-z][a-z0-9+.-]*:)?//";
        var origin = page.Host == Mark ? $"(?:{Scheme}[^/?#]*)?" : $"{Scheme}{Wild(page.Host, "[^/?#]*")}(?::(?:80|443))?";
        var expressions = ImmutableArray.CreateBuilder<Expression>();
        expressions.Add(new Expression($"^{origin}{PathOf(SimplePattern.TrimSlashes(page.Path))}(?:[?#].*)?$"));
        foreach (var parameter in page.Search.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var value = parameter[(parameter.IndexOf('=', StringComparison.Ordinal) + 1)..];
            if (value.Length is 0 || value.Length == parameter.Length) throw new FormatException($"'{pattern}' names a parameter without a value");
            // As the SDKs have it, any value at all means none as well.
            if (value == Mark) continue;
            expressions.Add(new Expression($"^[^#]*[?&]{Wild(parameter, "[^&#]*")}(?:[&#].*)?$"));
        }

        if (page.Hash.Length > 0) expressions.Add(new Expression($"^[^#]*{Wild(page.Hash, ".*")}$"));
        return expressions.ToImmutable();
    }

    /// <summary>A path, which is nothing at all or begins with a slash: a wildcard at its beginning can stand for that slash.</summary>
    private static string PathOf(string pattern)
    {
        const string Any = "[^?#]*";
        if (pattern.Length == 0) return "/?";
        if (!pattern.StartsWith(Mark, StringComparison.Ordinal)) return $"/{Wild(pattern, Any)}/?";
        var rest = pattern[Mark.Length..];
        return rest.Length == 0 || rest[0] == '/' ? $"(?:/{Any})?{Wild(rest, Any)}/?" : $"/{Any}{Wild(rest, Any)}/?";
    }

    /// <summary>Escaped for JavaScript and .NET alike, wildcards replaced.</summary>
    private static string Wild(string text, string wildcard) => string.Join(wildcard, text.Split(Mark).Select(Escape));

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            if (@"\^$.|?*+()[]{}".Contains(c, StringComparison.Ordinal)) escaped.Append('\\');
            escaped.Append(c);
        }

        return escaped.ToString();
    }

    private sealed record Expression(string Text, bool IgnoreCase = true)
    {
        public Pattern Pattern { get; } = Pattern.Parse(Text, IgnoreCase);
    }
}

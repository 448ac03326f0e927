using System.Text.Json;
using CroPlatform.Experimentation.Targeting;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>
/// An experiment's urlPatterns. A simple pattern compares host, path (outer slashes are optional), fragment where it has one and the
/// parameters that it names, with * as a wildcard, ignoring case; a regex is tried on the whole address and on what follows the host.
/// </summary>
internal sealed class UrlTargets
{
    private readonly (bool Include, Predicate<PageUrl> Matches)[] _targets;

    private UrlTargets((bool, Predicate<PageUrl>)[] targets) => _targets = targets;

    /// <param name="json">An array of {type, pattern, include}.</param>
    public static UrlTargets Parse(JsonElement json) => new([.. json.EnumerateArray().Select(t => (
        !(t.TryGetProperty("include", out var include) && include.ValueKind == JsonValueKind.False),
        Target(t.GetProperty("type").GetString()!, t.GetProperty("pattern").GetString()!)))]);

    /// <summary>No excluding target matches, and an including one does where there is any. No targets at all: nothing is targeted.</summary>
    public bool Match(string url)
    {
        if (_targets.Length == 0 || PageUrl.TryParse(url) is not { } page) return false;
        if (Array.Exists(_targets, t => !t.Include && t.Matches(page))) return false;
        return !Array.Exists(_targets, t => t.Include) || Array.Exists(_targets, t => t.Include && t.Matches(page));
    }

    private static Predicate<PageUrl> Target(string type, string pattern) => type switch
    {
        "regex" => Regex(pattern),
        "simple" => Simple(pattern),
        _ => _ => false,
    };

    private static Predicate<PageUrl> Regex(string pattern)
    {
        try
        {
            var parsed = Pattern.Parse(pattern);
            return page => parsed.Matches(page.Href) || parsed.Matches(page.PathAndMore);
        }
        catch (FormatException)
        {
            return _ => false;
        }
    }

    private static Predicate<PageUrl> Simple(string pattern)
    {
        if (SimplePattern.Parse(pattern, Wildcard.Mark) is not { } expected) return _ => false;
        var (host, path, hash) = (new Wildcard(expected.Host), new Wildcard(SimplePattern.TrimSlashes(expected.Path)), new Wildcard(expected.Hash));
        var parameters = expected.Parameters.Select(p => (p.Name, Value: new Wildcard(p.Value))).ToArray();
        return page => host.Matches(page.Host) && PathMatches(path, page.Path)
            && (expected.Hash.Length == 0 || hash.Matches(page.Hash))
            && Array.TrueForAll(parameters, p => p.Value.Matches(page.Parameters.FirstOrDefault(a => a.Name == p.Name).Value ?? ""));
    }

    private static bool PathMatches(Wildcard pattern, string path)
    {
        var start = path.StartsWith('/') ? 1 : 0;
        var end = path.EndsWith('/') && path.Length > start ? 1 : 0;
        return pattern.Matches(path) || pattern.Matches(path[start..]) || pattern.Matches(path[..^end]) || pattern.Matches(path[start..^end]);
    }

    /// <summary>Text in which the mark stands for any characters; case does not matter.</summary>
    private sealed class Wildcard(string pattern)
    {
        public const string Mark = "_____";

        private readonly string[] _parts = pattern.Split(Mark);

        public bool Matches(string text)
        {
            if (_parts.Length == 1) return text.Equals(pattern, StringComparison.OrdinalIgnoreCase);
            if (!text.StartsWith(_parts[0], StringComparison.OrdinalIgnoreCase)) return false;
            var at = _parts[0].Length;
            foreach (var part in _parts[1..^1])
            {
                var found = text.IndexOf(part, at, StringComparison.OrdinalIgnoreCase);
                if (found < 0) return false;
                at = found + part.Length;
            }

            return text.Length - at >= _parts[^1].Length && text.EndsWith(_parts[^1], StringComparison.OrdinalIgnoreCase);
        }
    }
}

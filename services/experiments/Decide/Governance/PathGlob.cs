namespace CroPlatform.Services.Experiments.Decide.Governance;

/// <summary>Patterns of paths in which * stands for any characters. Case and outer slashes do not matter. Pure.</summary>
internal static class PathGlob
{
    /// <summary>The path of an address or of a pattern of addresses, without host, parameters and fragment.</summary>
    public static string Of(string pattern)
    {
        var scheme = pattern.IndexOf("://", StringComparison.Ordinal);
        var rest = scheme >= 0 ? pattern[(scheme + 3)..] : pattern;
        var end = rest.AsSpan().IndexOfAny("?#");
        if (end >= 0) rest = rest[..end];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var hasHost = scheme >= 0 || (!rest.StartsWith('/') && rest.AsSpan(0, slash < 0 ? rest.Length : slash).Contains('.'));
        var path = !hasHost ? rest : slash < 0 ? "" : rest[slash..];
        return path.Trim('/').ToLowerInvariant();
    }

    /// <summary>Whether there is a path that both patterns match.</summary>
    public static bool Overlap(string a, string b)
    {
        // reached[j]: a's beginning and the first j characters of b can have the same text.
        var reached = new bool[b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            var next = new bool[b.Length + 1];
            for (var j = 0; j <= b.Length; j++)
            {
                next[j] = (i == 0 && j == 0)
                    || (i > 0 && a[i - 1] == '*' && (reached[j] || (j > 0 && next[j - 1])))
                    || (j > 0 && b[j - 1] == '*' && (next[j - 1] || (i > 0 && reached[j])))
                    || (i > 0 && j > 0 && a[i - 1] == b[j - 1] && reached[j - 1]);
            }

            reached = next;
        }

        return reached[b.Length];
    }
}

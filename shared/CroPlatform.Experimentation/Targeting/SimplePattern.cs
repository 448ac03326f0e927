namespace CroPlatform.Experimentation.Targeting;

/// <summary>A simple pattern of addresses, such as *.example.com/cart/*?step=2, read into its parts.</summary>
internal static class SimplePattern
{
    /// <summary>The parts, with the mark where the pattern has wildcards or names no host; null if it is no address.</summary>
    public static PageUrl? Parse(string pattern, string mark)
    {
        // "shop.example.com/cart" names a host; "/cart" does not.
        var absolute = BeginsWithHost(pattern) ? $"https://{pattern}" : pattern;
        return PageUrl.TryParse(absolute.Replace("*", mark, StringComparison.Ordinal), mark);
    }

    /// <summary>A path without its first and last slash: both are optional when it is compared.</summary>
    public static string TrimSlashes(string path)
    {
        var start = path.StartsWith('/') ? 1 : 0;
        var end = path.EndsWith('/') && path.Length > start ? 1 : 0;
        return path[start..^end];
    }

    private static bool BeginsWithHost(string pattern)
    {
        var end = pattern.AsSpan().IndexOfAny(":/?");
        return pattern.AsSpan(0, end < 0 ? pattern.Length : end).Contains('.');
    }
}

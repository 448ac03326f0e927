using System.Globalization;

namespace CroPlatform.Experimentation.GrowthBook;

/// <summary>A variation that a page's address forces, as in ?my-experiment=1.</summary>
public static class QueryStringOverride
{
    /// <summary>The index of the variation, or null: none is named, or one that the experiment does not have.</summary>
    public static int? Find(string experiment, string url, int variations)
    {
        ArgumentNullException.ThrowIfNull(url);
        var parts = url.Split('?');
        if (parts.Length < 2) return null;
        var search = parts[1].Split('#')[0];
        foreach (var pair in search.Split('&'))
        {
            var sides = pair.Split('=');
            if (sides[0] != experiment) continue;
            return sides.Length > 1 && LeadingInteger(sides[1]) is { } index && index >= 0 && index < variations ? index : null;
        }

        return null;
    }

    /// <summary>JavaScript's parseInt: what follows the digits is ignored.</summary>
    private static int? LeadingInteger(string text)
    {
        var trimmed = text.AsSpan().TrimStart();
        var end = trimmed.Length > 0 && trimmed[0] is '-' or '+' ? 1 : 0;
        while (end < trimmed.Length && char.IsAsciiDigit(trimmed[end])) end++;
        return int.TryParse(trimmed[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}

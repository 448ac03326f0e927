using System.Globalization;
using System.Text;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>
/// A page's address in the parts that targets compare, normalised as browsers do (WHATWG URL): lower-case host, no default port, dot
/// segments resolved, what is not plain ASCII in the path percent-encoded. Addresses without scheme and host are taken relative to
/// https://_. Credentials are dropped.
/// </summary>
internal sealed class PageUrl
{
    private PageUrl(string origin, string host, string path, string search, string hash) =>
        (Origin, Host, Path, Search, Hash) = (origin, host, path, search, hash);

    /// <summary>Scheme and host, such as https://example.com.</summary>
    public string Origin { get; }

    /// <summary>Host, with the port where it is not the scheme's own.</summary>
    public string Host { get; }

    /// <summary>Begins with /.</summary>
    public string Path { get; }

    /// <summary>The query with its question mark; empty if there is none.</summary>
    public string Search { get; }

    /// <summary>The fragment with its #; empty if there is none.</summary>
    public string Hash { get; }

    public string Href => Origin + PathAndMore;

    public string PathAndMore => Path + Search + Hash;

    /// <summary>The query's parameters, decoded, in order.</summary>
    public IEnumerable<(string Name, string Value)> Parameters
    {
        get
        {
            foreach (var pair in Search.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var at = pair.IndexOf('=', StringComparison.Ordinal);
                yield return at < 0 ? (Decode(pair), "") : (Decode(pair[..at]), Decode(pair[(at + 1)..]));
            }
        }
    }

    /// <summary>Null for what is no address of a page.</summary>
    public static PageUrl? TryParse(string url, string baseHost = "_")
    {
        var text = url.Trim();
        var (text1, hash) = Cut(text, '#');
        var (text2, search) = Cut(text1, '?');
        var (scheme, authority, path) = ("https", baseHost, text2);
        var colon = text2.IndexOf("://", StringComparison.Ordinal);
        if (colon > 0 && text2.AsSpan(0, colon).IndexOfAnyExcept(SchemeCharacters) < 0)
        {
            scheme = text2[..colon].ToLowerInvariant();
            (authority, path) = SplitAuthority(text2[(colon + 3)..]);
        }
        else if (text2.StartsWith("//", StringComparison.Ordinal))
        {
            (authority, path) = SplitAuthority(text2[2..]);
        }

        var host = HostOf(authority, scheme);
        return host.Length == 0 ? null : new PageUrl($"{scheme}://{host}", host, Resolve(path), Encode(search, "\"<>'"), Encode(hash, "\"<>`"));
    }

    /// <summary>The address with the parameters of another that it does not name itself.</summary>
    public string WithParametersOf(PageUrl other)
    {
        var own = Parameters.ToList();
        var more = other.Parameters.Where(p => !own.Exists(o => o.Name == p.Name)).DistinctBy(p => p.Name).ToList();
        if (more.Count == 0) return Href;
        var query = string.Join('&', own.Concat(more).Select(p => $"{EncodeForm(p.Name)}={EncodeForm(p.Value)}"));
        return $"{Origin}{Path}?{query}{Hash}";
    }

    private static readonly System.Buffers.SearchValues<char> SchemeCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    private static (string Before, string FromOn) Cut(string text, char at) =>
        text.IndexOf(at, StringComparison.Ordinal) is >= 0 and var i ? (text[..i], i + 1 < text.Length ? text[i..] : "") : (text, "");

    private static (string Authority, string Path) SplitAuthority(string text) =>
        text.IndexOfAny(['/', '\\']) is >= 0 and var i ? (text[..i], text[i..]) : (text, "");

    private static string HostOf(string authority, string scheme)
    {
        var host = authority[(authority.LastIndexOf('@') + 1)..].ToLowerInvariant();
        var port = scheme switch { "http" => ":80", "https" => ":443", _ => ":" };
        return host.EndsWith(port, StringComparison.Ordinal) ? host[..^port.Length] : host.TrimEnd(':');
    }

    private static string Resolve(string path)
    {
        var segments = new List<string>();
        var parts = path.Replace('\\', '/').TrimStart('/').Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            var isLast = i == parts.Length - 1;
            if (parts[i] == "..")
            {
                if (segments.Count > 0) segments.RemoveAt(segments.Count - 1);
                if (isLast) segments.Add("");
            }
            else if (parts[i] != ".")
            {
                segments.Add(parts[i]);
            }
            else if (isLast)
            {
                segments.Add("");
            }
        }

        return Encode("/" + string.Join('/', segments), "\"<>`{}^");
    }

    private static string Encode(string text, string alsoEncoded)
    {
        if (!text.Any(MustEncode)) return text;
        var encoded = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii && !MustEncode((char)rune.Value)) encoded.Append((char)rune.Value);
            else AppendEncoded(encoded, rune);
        }

        return encoded.ToString();

        bool MustEncode(char c) => c is <= ' ' or >= '\x7f' || alsoEncoded.Contains(c, StringComparison.Ordinal);
    }

    private static string EncodeForm(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == ' ') encoded.Append('+');
            else if (rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '*' or '-' or '.' or '_')) encoded.Append((char)rune.Value);
            else AppendEncoded(encoded, rune);
        }

        return encoded.ToString();
    }

    private static void AppendEncoded(StringBuilder text, Rune rune)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var b in utf8[..rune.EncodeToUtf8(utf8)]) text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}

using System.Text.RegularExpressions;

namespace CroPlatform.Experimentation.Targeting;

/// <summary>
/// A regular expression of somebody else's: matched without backtracking where its constructs allow it, within a time limit always. A text
/// on which it takes too long does not match.
/// </summary>
internal sealed class Pattern
{
    /// <summary>Longer ones are refused.</summary>
    public const int MaxLength = 1_000;

    // A limit that a busy machine can reach would make decisions a matter of luck: without backtracking the time is linear in the text,
    // so this one is only a last resort.
    private static readonly TimeSpan LinearLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BacktrackingLimit = TimeSpan.FromMilliseconds(100);

    private readonly Regex _regex;

    private Pattern(Regex regex) => _regex = regex;

    /// <exception cref="FormatException">It is too long, or no regular expression.</exception>
    public static Pattern Parse(string pattern, bool ignoreCase = false)
    {
        if (pattern.Length > MaxLength) throw new FormatException($"a pattern may have {MaxLength} characters");
        var options = RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None);
        try
        {
            return new Pattern(Build(pattern, options));
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"'{pattern}' is no regular expression", e);
        }
    }

    public bool Matches(ReadOnlySpan<char> text)
    {
        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static Regex Build(string pattern, RegexOptions options)
    {
        try
        {
            return new Regex(pattern, options | RegexOptions.NonBacktracking, LinearLimit);
        }
        catch (NotSupportedException)
        {
            // Look-arounds, back-references and huge counts need the backtracking engine.
            return new Regex(pattern, options, BacktrackingLimit);
        }
    }
}

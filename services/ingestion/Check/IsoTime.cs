using System.Globalization;

namespace CroPlatform.Services.Ingestion.Check;

/// <summary>ISO 8601 times as clients send them: with Z, with an offset, or without (then UTC); a leap second is the next second.</summary>
internal static class IsoTime
{
    private static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd",
        "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ssK",
    ];

    /// <returns>Milliseconds since 1970 UTC, or null if this is no such time.</returns>
    public static long? TryParse(string text)
    {
        var leap = text.Length > 18 && text.AsSpan(16, 3) is ":60";
        if (leap) text = string.Concat(text.AsSpan(0, 17), "59", text.AsSpan(19));
        return DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds() + (leap ? 1_000 : 0)
            : null;
    }
}

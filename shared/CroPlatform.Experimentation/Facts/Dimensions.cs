using System.Globalization;

namespace CroPlatform.Experimentation.Facts;

/// <summary>What results can be told apart by: where and when a unit was first exposed, and whether it was there before.</summary>
public static class Dimensions
{
    public const string Other = "other";
    public const string Unknown = "unknown";

    /// <summary>A unit is returning if it did anything in this time before its exposure, but not within the same visit.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(14);

    private static readonly TimeSpan Visit = TimeSpan.FromMinutes(30);

    /// <summary>In the order of <see cref="ValuesOf"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = ["device", "country", "city", "browser", "source", "persona", "hour", "weekday", "visitor"];

    /// <summary>The unit's value of each dimension at its first exposure; hours and weekdays are those of the zone.</summary>
    public static string[] ValuesOf(UnitHistory history, Fact exposed, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(exposed);
        var context = exposed.Exposure?.Context ?? ExposureContext.Unknown;
        var local = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(exposed.TimeMs), zone);
        return
        [
            Known(context.Device), Known(context.Country), Known(context.City), Known(context.Browser), Known(context.Source), Known(context.Persona),
            local.Hour.ToString("00", CultureInfo.InvariantCulture),
            local.DayOfWeek.ToString().ToLowerInvariant(),
            IsReturning(history, exposed.TimeMs) ? "returning" : "new",
        ];
    }

    private static bool IsReturning(UnitHistory history, long exposedMs)
    {
        var (from, to) = (exposedMs - (long)Memory.TotalMilliseconds, exposedMs - (long)Visit.TotalMilliseconds);
        return history.Facts.Any(f => f.TimeMs >= from && f.TimeMs < to);
    }

    private static string Known(string value) => value.Length == 0 ? Unknown : value;
}

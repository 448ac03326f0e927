using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <summary>When an experiment takes units, besides its life cycle. Immutable.</summary>
public sealed record Schedule
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(15);
    private readonly TimeZoneInfo _zone = TimeZoneInfo.Utc;

    /// <summary>First moment in milliseconds since 1970 UTC; 0: from the start on.</summary>
    public long FromMs { get; init; }

    /// <summary>First moment that is outside again; 0: open.</summary>
    public long ToMs { get; init; }

    /// <summary>ISO days of the week, Monday is 1, Sunday is 7; empty: every day.</summary>
    public ImmutableArray<int> Days { get; init; } = [];

    /// <summary>First hour of the day, 0 to 23.</summary>
    public int FromHour { get; init; }

    /// <summary>The hour at whose beginning it ends, 1 to 24. Below the first hour: over midnight, the days being those on which it begins.</summary>
    public int ToHour { get; init; } = 24;

    /// <summary>IANA name of the zone that days and hours are told in.</summary>
    /// <exception cref="TimeZoneNotFoundException">There is no such zone.</exception>
    public string TimeZone
    {
        get => _zone.Id;
        init => _zone = TimeZoneInfo.FindSystemTimeZoneById(value);
    }

    public bool Holds(DateTimeOffset time)
    {
        var ms = time.ToUnixTimeMilliseconds();
        if (ms < FromMs || (ToMs != 0 && ms >= ToMs)) return false;
        if (Days.IsEmpty && FromHour == 0 && ToHour == 24) return true;
        var local = TimeZoneInfo.ConvertTime(time, _zone);
        if (FromHour < ToHour) return IsOn(local) && local.Hour >= FromHour && local.Hour < ToHour;
        return local.Hour >= FromHour ? IsOn(local) : local.Hour < ToHour && IsOn(local.AddDays(-1));
    }

    /// <summary>The next time that it opens or closes; null: never again. Within a week, since days and hours come back every week.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset after)
    {
        var isOpen = Holds(after);
        var candidates = new[] { FromMs, ToMs }.Where(ms => ms > after.ToUnixTimeMilliseconds()).Select(DateTimeOffset.FromUnixTimeMilliseconds);
        if (!Days.IsEmpty || FromHour != 0 || ToHour != 24)
        {
            // Zones differ from UTC by whole quarters of an hour.
            var quarter = new DateTimeOffset(after.UtcTicks - after.UtcTicks % Step.Ticks, TimeSpan.Zero);
            candidates = candidates.Concat(Enumerable.Range(1, 8 * 96).Select(i => quarter + i * Step));
        }

        return candidates.Order().Where(at => Holds(at) != isOpen).Select(at => (DateTimeOffset?)at).FirstOrDefault();
    }

    private bool IsOn(DateTimeOffset local) => Days.IsEmpty || Days.Contains(local.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)local.DayOfWeek);
}

using System.Globalization;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide.Life;

/// <summary>When an experiment is to start and to stop, from what was asked for. Pure.</summary>
internal static class PlanReading
{
    private static readonly string[] LocalForms = ["yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFF"];

    /// <param name="timeZone">The site's, for a request that names none.</param>
    /// <param name="hasStarted">Then there is only an end to plan.</param>
    public static (Plan? Plan, FieldProblem? Problem) Read(PlanRequest request, string timeZone, DateTimeOffset now, bool hasStarted)
    {
        if (request.Start is null && request.End is null) return Refuse("missing", "start", "give a start, an end, or both");
        if (hasStarted && request.Start is not null) return Refuse("conflict", "start", "it has been started already; only an end can be planned");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(request.TimeZone ?? timeZone, out var zone)) return Refuse("out_of_range", "time_zone", "time_zone must be an IANA name");
        if (request.Start is not null && Instant(request.Start, zone) is null) return Refuse("wrong_type", "start", Form);
        if (request.End is not null && Instant(request.End, zone) is null) return Refuse("wrong_type", "end", Form);
        var (start, end) = (Instant(request.Start, zone), Instant(request.End, zone));
        if (end <= now) return Refuse("out_of_range", "end", "end must lie ahead");
        if (end <= start) return Refuse("out_of_range", "end", "end must lie after start");
        return (new Plan(request.Start, request.End, zone.Id, start, end), null);
    }

    /// <summary>
    /// A time with an offset is that instant. A local time that clocks show twice is the first of the two; one that they jump over is told by the
    /// offset before the jump, so it comes as much later as they jump (RFC 5545 has the same rules).
    /// </summary>
    /// <returns>Null for what is no time.</returns>
    public static DateTimeOffset? Instant(string? text, TimeZoneInfo zone)
    {
        if (text is null) return null;
        if (DateTime.TryParseExact(text, LocalForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)) return Resolve(local, zone);
        var hasOffset = text.IndexOf('T', StringComparison.Ordinal) is > 0 and var at && (text[^1] == 'Z' || text.LastIndexOfAny(['+', '-']) > at);
        return hasOffset && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
            ? instant.ToUniversalTime()
            : null;
    }

    private const string Form = "a time is 2026-03-29T02:30, of the zone, or 2026-03-29T02:30:00+01:00";

    private static DateTimeOffset? Resolve(DateTime local, TimeZoneInfo zone)
    {
        if (local.Year is < 1970 or > 9990) return null;
        var asUtc = new DateTimeOffset(local, TimeSpan.Zero);

        // No offset is a day long, so one that held a day before and one that holds a day later are all that can come into question.
        var before = zone.GetUtcOffset(asUtc.AddDays(-1));
        var candidates = new[] { before, zone.GetUtcOffset(asUtc.AddDays(1)) }.Select(offset => asUtc - offset).Where(utc => utc + zone.GetUtcOffset(utc) == asUtc).Order().ToList();
        return candidates.Count > 0 ? candidates[0] : asUtc - before;
    }

    private static (Plan? Plan, FieldProblem? Problem) Refuse(string code, string field, string message) => (null, new FieldProblem(code, field, message));
}

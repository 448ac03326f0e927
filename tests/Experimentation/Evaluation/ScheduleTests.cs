using System.Globalization;

namespace CroPlatform.Experimentation.Tests.Evaluation;

public sealed class ScheduleTests
{
    private static readonly Schedule Office = new() { Days = [1, 2, 3, 4, 5], FromHour = 9, ToHour = 17, TimeZone = "Europe/Warsaw" };
    private static readonly Schedule Nights = new() { Days = [5], FromHour = 22, ToHour = 4 };

    [TestCase("2026-11-20T08:00:00Z", true, Description = "Friday, 9 in Warsaw")]
    [TestCase("2026-11-20T07:59:59Z", false)]
    [TestCase("2026-11-20T16:00:00Z", false)]
    [TestCase("2026-11-21T10:00:00Z", false, Description = "Saturday")]
    [TestCase("2026-07-20T07:00:00Z", true, Description = "summer time: 9 in Warsaw")]
    public void Holds_OfficeHours_AreThoseOfTheZone(string time, bool holds) => Assert.That(Office.Holds(Time(time)), Is.EqualTo(holds));

    [TestCase("2026-11-20T22:00:00Z", true, Description = "Friday night")]
    [TestCase("2026-11-21T03:59:00Z", true, Description = "the same night, on Saturday")]
    [TestCase("2026-11-21T04:00:00Z", false)]
    [TestCase("2026-11-20T03:00:00Z", false, Description = "Thursday's night")]
    [TestCase("2026-11-21T22:00:00Z", false, Description = "Saturday night")]
    public void Holds_OverMidnight_BelongsToTheDayItBeganOn(string time, bool holds) => Assert.That(Nights.Holds(Time(time)), Is.EqualTo(holds));

    [Test]
    public void Holds_BetweenStartAndEnd_IsHalfOpen()
    {
        var schedule = new Schedule { FromMs = 1_000, ToMs = 2_000 };
        Assert.That(new[] { 999, 1_000, 1_999, 2_000 }.Select(ms => schedule.Holds(DateTimeOffset.FromUnixTimeMilliseconds(ms))), Is.EqualTo(new[] { false, true, true, false }));
    }

    [TestCase("2026-11-20T12:00:00Z", "2026-11-20T16:00:00Z")]
    [TestCase("2026-11-20T16:00:00Z", "2026-11-23T08:00:00Z")]
    public void NextChange_OfficeHours_IsTheirNextBoundary(string after, string next) => Assert.That(Office.NextChange(Time(after)), Is.EqualTo(Time(next)));

    [Test]
    public void NextChange_StartAndEnd_AreFoundHoweverFar()
    {
        var schedule = new Schedule { FromMs = 1_000, ToMs = 2_000_000_000_000 };
        Assert.That(schedule.NextChange(DateTimeOffset.FromUnixTimeMilliseconds(5_000))?.ToUnixTimeMilliseconds(), Is.EqualTo(2_000_000_000_000));
        Assert.That(schedule.NextChange(DateTimeOffset.FromUnixTimeMilliseconds(2_000_000_000_000)), Is.Null);
        Assert.That(new Schedule().NextChange(DateTimeOffset.UnixEpoch), Is.Null);
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

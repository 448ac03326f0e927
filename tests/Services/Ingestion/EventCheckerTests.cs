using System.Text.Json;
using CroPlatform.Contracts.Events;
using CroPlatform.Services.Ingestion;
using CroPlatform.Services.Ingestion.Check;
using CroPlatform.Services.Ingestion.Receive;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Tests.Ingestion;

/// <summary>What the gateway makes of single events; refusals through the door are in the platform's own tests.</summary>
public sealed class EventCheckerTests
{
    private const long Now = 1_800_000_000_000;
    private static readonly EventChecker Checker = new(Options.Create(new IngestionOptions()));

    [Test]
    public void Check_FullEvent_KeepsEverything()
    {
        var refusal = Check(
            """
            {"id": "e1", "type": "purchase", "visitor_id": "v", "user_id": "u", "value": 19.99, "currency": "EUR", "properties": {"a": [1, {"b": "ż"}]},
             "page": {"url": "/x"}, "context": {"country": "PL"}, "colour": "red", "variant": "not an exposure's"}
            """,
            out var accepted);
        Assert.That(refusal, Is.Null);
        Assert.That((accepted.Id, accepted.ValueE4, accepted.Currency, accepted.UserId), Is.EqualTo(("e1", 199_900L, "EUR", "u")));
        Assert.That(accepted.PropertiesJson.ToStringUtf8(), Is.EqualTo("""{"a": [1, {"b": "ż"}]}"""));
        Assert.That(accepted.ExtraJson.ToStringUtf8(), Does.Contain("\"colour\":\"red\"").And.Contain("\"variant\""));
        Assert.That(accepted.Exposure, Is.Null);
    }

    [Test]
    public void Check_NoIdAndNoTimestamp_AreTheGateways()
    {
        Assert.That(Check("""{"type": "x", "visitor_id": "v"}""", out var accepted), Is.Null);
        Assert.That(accepted.Id, Is.Not.Empty);
        Assert.That((accepted.TimestampMs, accepted.ReceivedMs), Is.EqualTo((Now, Now)));
    }

    [TestCase("2027-01-15T08:00:00Z", 1_800_000_000_000)]
    [TestCase("2027-01-15T08:00:00.123456Z", 1_800_000_000_123)]
    [TestCase("2027-01-15T09:00:00+01:00", 1_800_000_000_000)]
    [TestCase("2027-01-15T08:00:00", 1_800_000_000_000)]
    [TestCase("2027-01-15T07:59:60Z", 1_800_000_000_000)]
    public void TryParse_IsoTimes_AreMilliseconds(string text, long expected) => Assert.That(IsoTime.TryParse(text), Is.EqualTo(expected));

    [TestCase("15.01.2027")]
    [TestCase("1800000000")]
    [TestCase("2027-02-30T00:00:00Z")]
    [TestCase("")]
    public void TryParse_OtherTexts_AreNone(string text) => Assert.That(IsoTime.TryParse(text), Is.Null);

    [Test]
    public void Check_AnyTextInAnyField_IsAcceptedAsItIsOrNamesAField() => Prop.ForAll(
        ArbMap.Default.ArbFor<(string, string, string)>(),
        texts =>
        {
            var json = JsonSerializer.Serialize(new { type = texts.Item1, visitor_id = texts.Item2, properties = new Dictionary<string, string?> { ["p"] = texts.Item3 } });
            return Check(json, out var accepted) is { } refusal ? refusal.Field.Length > 0 && refusal.Message.Length > 0 : accepted.VisitorId == texts.Item2;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Read_SentAt_GivesTheClocksOffset()
    {
        var request = EventsRequest.Read(JsonDocument.Parse("""{"sent_at": "2027-01-15T07:59:50Z", "events": []}""").RootElement, Now, 10);
        Assert.That((request.ClockOffsetMs, request.Fault), Is.EqualTo((10_000L, (RequestFault?)null)));
    }

    private static Refusal? Check(string json, out Event accepted) => Checker.Check(JsonDocument.Parse(json).RootElement, new Receipt("s", Now, 0), out accepted);
}

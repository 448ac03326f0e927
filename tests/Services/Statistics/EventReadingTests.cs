using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Statistics.Check;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Whatever a record holds, it is read as a fact or as something for quarantine: nothing may keep a partition from going on.</summary>
public sealed class EventReadingTests
{
    private static readonly Event Whole = new() { Site = "s", Id = "i", Type = "t", VisitorId = "v", UserId = "u", TimestampMs = 1, Schema = 1 };

    [Test]
    public void OfFact_WholeRecord_IsAFact() => Assert.That(OfFact(new RoutedEvent { UnitType = "user", Unit = "u", Event = Whole }).Quarantine, Is.Null);

    [Test]
    public void OfFact_RecordWithoutItsParts_IsQuarantined()
    {
        RoutedEvent[] broken =
        [
            new(), new() { UnitType = "user", Unit = "u" }, new() { UnitType = "user", Event = Whole }, new() { UnitType = "visitor", Unit = "u", Event = Whole },
            new() { UnitType = "user", Unit = "u", Event = new Event(Whole) { Schema = 2 } }, new() { UnitType = "user", Unit = "u", Event = new Event(Whole) { Id = "" } },
        ];
        foreach (var record in broken) Assert.That(OfFact(record).Quarantine, Is.Not.Null.And.Not.Empty, record.ToString());
    }

    [Test]
    public void Of_NulWherePostgresWouldKeepIt_IsQuarantinedWithoutIt()
    {
        Event[] broken = [new(Whole) { Site = "a\0" }, new(Whole) { VisitorId = "a\0" }, new(Whole) { Exposure = new Exposure { Experiment = "a\0", Variant = "a" } }];
        foreach (var read in broken)
        {
            var reading = EventReading.Of(Record(read.ToByteArray(), Topics.UnitKey(read.Site, read.VisitorId)), 1_000, Catalog.Empty);
            Assert.That((reading.Fact is null, reading.Quarantine is null, reading.Site.Contains('\0'), reading.Unit.Contains('\0')), Is.EqualTo((true, false, false, false)));
        }
    }

    [Test]
    public void Of_EventThatWaitedForDays_IsCountedByWhenItWasReceived()
    {
        // Three days in a spool and a log that is read a year later: neither is the sender's delay.
        const long Received = 1_700_000_000_000, Lateness = 72 * 3_600_000L;
        var inTime = new Event(Whole) { TimestampMs = Received - Lateness, ReceivedMs = Received };
        var late = new Event(inTime) { TimestampMs = inTime.TimestampMs - 1 };
        Assert.That(
            (EventReading.Of(Record(inTime.ToByteArray(), "s|v"), Lateness, Catalog.Empty).Quarantine, EventReading.Of(Record(late.ToByteArray(), "s|v"), Lateness, Catalog.Empty).Quarantine),
            Is.EqualTo(((string?)null, "late")));
    }

    [Test]
    public void Of_FieldsOfALaterVersion_AreNoReasonForQuarantine()
    {
        // Field 900, length-delimited: what a later release may add without another schema.
        byte[] later = [.. Whole.ToByteArray(), 0xa2, 0x38, 0x01, 0x41];
        Assert.That((EventReading.Of(Record(later, "s|v"), 1_000, Catalog.Empty).Quarantine, Event.Parser.ParseFrom(later).ToByteArray()), Is.EqualTo(((string?)null, later)), "and they are kept");
    }

    [Test]
    public void AnyBytes_AreReadOrQuarantined() => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
    {
        foreach (var value in new[] { bytes, [.. Whole.ToByteArray(), .. bytes ?? []], null })
        {
            var reading = EventReading.Of(Record(value, "s|v"), 1_000, Catalog.Empty);
            var fact = EventReading.OfFact(Record(value, "s|user|u"), Catalog.Empty);
            if ((reading.Fact is null && reading.Quarantine is null) || (fact.Fact is null && fact.Quarantine is null)) return false;
        }

        return true;
    }));

    private static EventReading OfFact(RoutedEvent record) => EventReading.OfFact(Record(record.ToByteArray(), Topics.UnitKey("s", "user", "u")), Catalog.Empty);

    private static ConsumeResult<byte[], byte[]> Record(byte[]? value, string key) =>
        new() { Message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(key), Value = value! } };
}

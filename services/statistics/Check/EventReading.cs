using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using Google.Protobuf;
using Exposure = CroPlatform.Experimentation.Facts.Exposure;

namespace CroPlatform.Services.Statistics.Check;

/// <summary>What a record of cro.events.v1 turned out to be: a unit's fact, or something for quarantine.</summary>
/// <param name="Unit">The unit's name among those of its topic, see <see cref="UnitHistory.Name"/>.</param>
/// <param name="Quarantine">Why it cannot be counted; null if it can.</param>
internal sealed record EventReading(string Site, string Unit, Fact? Fact, string? Quarantine, ConsumeResult<byte[], byte[]> Record)
{
    /// <summary>Of an exposure that cannot be counted: its experiment.</summary>
    public string? Experiment { get; init; }

    /// <summary>Where it lay in quarantine, if it was put back from there.</summary>
    public QuarantinedAt? PutBack { get; init; }

    private const uint KnownSchema = 1;

    /// <summary>Visitors are folded from the events themselves.</summary>
    private static readonly string[] RoutedTypes = [UnitTypes.User, UnitTypes.Account, UnitTypes.Device];

    /// <summary>The event, if it can be counted; for the router, which leaves all others to the fold of visitors.</summary>
    public static Event? TryRead(ConsumeResult<byte[], byte[]> record, TimeSpan maxLateness) =>
        Of(record, (long)maxLateness.TotalMilliseconds).Quarantine is null ? Event.Parser.ParseFrom(record.Message.Value) : null;

    /// <summary>Reads a record of cro.facts.v1; never throws for what it holds.</summary>
    public static EventReading OfFact(ConsumeResult<byte[], byte[]> record)
    {
        RoutedEvent routed;
        try
        {
            routed = RoutedEvent.Parser.ParseFrom(record.Message.Value ?? []);
        }
        catch (InvalidProtocolBufferException)
        {
            return Poison(record, "", "not a routed event");
        }

        if (routed.Event is not { } read || routed.Unit.Length == 0 || !RoutedTypes.Contains(routed.UnitType)) return Poison(record, "", "not a routed event");
        return FaultOf(read, Contracts.Topics.UnitKey(read.Site, routed.UnitType, routed.Unit), record) is { } fault
            ? Poison(record, read.Site, fault)
            : new EventReading(read.Site, UnitHistory.NameOf(routed.UnitType, routed.Unit), Kept(read), null, record) { PutBack = QuarantinedAt.Of(read) };
    }

    /// <summary>Reads a record; never throws for what it holds.</summary>
    public static EventReading Of(ConsumeResult<byte[], byte[]> record, long maxLatenessMs)
    {
        Event read;
        try
        {
            read = Event.Parser.ParseFrom(record.Message.Value ?? []);
        }
        catch (InvalidProtocolBufferException)
        {
            return Poison(record, "", "not an event");
        }

        if (FaultOf(read, Contracts.Topics.UnitKey(read.Site, read.VisitorId), record) is { } fault) return Poison(record, read.Site, fault);
        var late = read.ReceivedMs - read.TimestampMs > maxLatenessMs;
        return new EventReading(read.Site, read.VisitorId, late ? Remembered(read) : Kept(read), late ? "late" : null, record)
        {
            Experiment = late ? read.Exposure?.Experiment : null,
            PutBack = QuarantinedAt.Of(read),
        };
    }

    /// <summary>Why an event cannot be counted, whenever it came; null if it can.</summary>
    private static string? FaultOf(Event read, string key, ConsumeResult<byte[], byte[]> record)
    {
        if (read.Schema > KnownSchema) return $"schema {read.Schema} is not known";
        if (read.Site.Length == 0 || read.VisitorId.Length == 0 || read.Id.Length == 0 || read.Type.Length == 0 || read.TimestampMs <= 0) return "incomplete";
        // Postgres holds no NUL in text.
        if (read.VisitorId.Contains('\0') || key.Contains('\0') || read.Exposure?.Experiment.Contains('\0') == true) return "a NUL in a key";
        return record.Message.Key is null || !Encoding.UTF8.GetBytes(key).AsSpan().SequenceEqual(record.Message.Key) ? "the key is not the visitor's" : null;
    }

    private static Fact Kept(Event read) => new(
        FactId.Of(read.Id),
        read.TimestampMs,
        read.ReceivedMs,
        read.Type,
        read.HasValueE4 ? read.ValueE4 : null,
        read.Exposure is { } exposure ? new Exposure(exposure.Experiment, exposure.Variant, (int)exposure.Version, ContextOf(read)) : null,
        read.PropertiesJson.Memory);

    /// <summary>Null if there is none, which takes no room; what is not the object that the gateway lets through says nothing.</summary>
    private static ExposureContext? ContextOf(Event read)
    {
        try
        {
            var context = ExposureContext.Of(read.ContextJson.Memory);
            return context == ExposureContext.Unknown ? null : context;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A late event is no fact of anything, but its id is remembered, so that copies are told from it.</summary>
    private static Fact Remembered(Event read) => new(FactId.Of(read.Id), read.TimestampMs, read.ReceivedMs, "");

    private static EventReading Poison(ConsumeResult<byte[], byte[]> record, string site, string reason) =>
        new(site.Contains('\0') ? "" : site, "", null, reason, record);
}

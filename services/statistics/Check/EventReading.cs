using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation.Configuration;
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

    /// <summary>Belongs to somebody who is forgotten: nothing of it may be kept.</summary>
    public bool IsErased { get; init; }

    /// <summary>Where it lay in quarantine, if it was put back from there.</summary>
    public QuarantinedAt? PutBack { get; init; }

    private const uint KnownSchema = 1;

    /// <summary>The event, if it can be counted; for the router, which leaves all others to the fold of visitors.</summary>
    public static Event? TryRead(ConsumeResult<byte[], byte[]> record, TimeSpan maxLateness, Catalog catalog) =>
        Of(record, (long)maxLateness.TotalMilliseconds, catalog) is { Quarantine: null, IsErased: false } ? Event.Parser.ParseFrom(record.Message.Value) : null;

    /// <summary>Reads a record of cro.facts.v1; never throws for what it holds.</summary>
    public static EventReading OfFact(ConsumeResult<byte[], byte[]> record, Catalog catalog)
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

        if (routed.Event is not { } read || routed.Unit.Length == 0 || !EventUnits.BesidesVisitors.Contains(routed.UnitType)) return Poison(record, "", "not a routed event");
        var name = UnitHistory.NameOf(routed.UnitType, routed.Unit);
        if (read.IsCovered(catalog.Erasures(read.Site))) return Erased(record, read, name);
        if (FaultOf(read, name, record) is { } fault) return Poison(record, read.Site, fault);
        return new EventReading(SharedNames.Of(read.Site), name, Kept(read), null, record) { PutBack = QuarantinedAt.Of(read) };
    }

    /// <summary>Reads a record; never throws for what it holds.</summary>
    public static EventReading Of(ConsumeResult<byte[], byte[]> record, long maxLatenessMs, Catalog catalog)
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

        if (read.IsCovered(catalog.Erasures(read.Site))) return Erased(record, read, read.VisitorId);
        if (FaultOf(read, read.VisitorId, record) is { } fault) return Poison(record, read.Site, fault);
        var late = read.ReceivedMs - read.TimestampMs > maxLatenessMs;
        return new EventReading(SharedNames.Of(read.Site), read.VisitorId, late ? Remembered(read) : Kept(read), late ? "late" : null, record)
        {
            Experiment = late ? read.Exposure?.Experiment : null,
            PutBack = QuarantinedAt.Of(read),
        };
    }

    /// <summary>The unit and the fact that a record of either topic became, if it is about somebody who is forgotten.</summary>
    public static (string Unit, FactId Id)? LinkOf(ConsumeResult<byte[], byte[]> record, Erasures erasures)
    {
        try
        {
            var routed = record.Topic == Contracts.Topics.Facts ? RoutedEvent.Parser.ParseFrom(record.Message.Value ?? []) : null;
            var read = routed?.Event ?? Event.Parser.ParseFrom(record.Message.Value ?? []);
            if (!read.IsCovered(erasures)) return null;
            return (routed is null ? read.VisitorId : UnitHistory.NameOf(routed.UnitType, routed.Unit), FactId.Of(read.Id));
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static EventReading Erased(ConsumeResult<byte[], byte[]> record, Event read, string unit) =>
        new(read.Site, unit, null, null, record) { IsErased = true, PutBack = QuarantinedAt.Of(read) };

    /// <summary>Why an event cannot be counted, whenever it came; null if it can.</summary>
    /// <param name="unit">The unit's name among those of its topic.</param>
    private static string? FaultOf(Event read, string unit, ConsumeResult<byte[], byte[]> record)
    {
        if (read.Schema > KnownSchema) return $"schema {read.Schema} is not known";
        if (read.Site.Length == 0 || read.VisitorId.Length == 0 || read.Id.Length == 0 || read.Type.Length == 0 || read.TimestampMs <= 0) return "incomplete";
        // Postgres holds no NUL in text.
        if (read.Site.Contains('\0') || unit.Contains('\0') || read.Exposure?.Experiment.Contains('\0') == true) return "a NUL in a key";
        return IsKeyOf(record.Message.Key, read.Site, unit) ? null : "the key is not the visitor's";
    }

    private static Fact Kept(Event read) => new(
        FactId.Of(read.Id),
        read.TimestampMs,
        read.ReceivedMs,
        SharedNames.Of(read.Type),
        read.HasValueE4 ? read.ValueE4 : null,
        read.Exposure is { } exposure
            ? new Exposure(SharedNames.Of(exposure.Experiment), SharedNames.Of(exposure.Variant), (int)exposure.Version, ContextOf(read))
            : null,
        read.PropertiesJson.Memory);

    /// <summary>As <see cref="Contracts.Topics.UnitKey(string, string)"/>, without making the key.</summary>
    private static bool IsKeyOf(byte[]? key, string site, string visitor)
    {
        if (key is null) return false;
        var size = Encoding.UTF8.GetMaxByteCount(site.Length + visitor.Length + 1);
        Span<byte> wanted = size <= 1_024 ? stackalloc byte[size] : new byte[size];
        var length = Encoding.UTF8.GetBytes(site, wanted);
        wanted[length++] = (byte)'|';
        length += Encoding.UTF8.GetBytes(visitor, wanted[length..]);
        return wanted[..length].SequenceEqual(key);
    }

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

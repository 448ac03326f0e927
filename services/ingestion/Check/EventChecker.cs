using System.Collections.Frozen;
using System.Runtime.InteropServices;
using System.Text.Json;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Ingestion.Check;

/// <summary>When a request came, and how far its sender's clock is off (0 if it did not say).</summary>
internal readonly record struct Receipt(string Site, long ReceivedMs, long ClockOffsetMs);

/// <summary>Turns one JSON event into the record for the log, or says why not. Pure but for the ids it makes.</summary>
internal sealed class EventChecker(IOptions<IngestionOptions> options)
{
    private const int SchemaVersion = 1;
    private const string ExposureType = "exposure";
    private const string PurchaseType = "purchase";
    /// <summary>What scripts send where there is no id.</summary>
    private static readonly FrozenSet<string> JunkIds =
        new[] { "null", "undefined", "anonymous", "NaN", "[object Object]" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private readonly IngestionOptions _options = options.Value;

    public Refusal? Check(JsonElement json, in Receipt receipt, out Event accepted)
    {
        accepted = new Event { Site = receipt.Site, ReceivedMs = receipt.ReceivedMs, TimestampMs = receipt.ReceivedMs, Schema = SchemaVersion };
        if (json.ValueKind != JsonValueKind.Object) return Refusal.WrongType("event", "an object");
        var fields = new EventFields(_options.MaxObjectBytes);
        if (fields.Read(json) is { } unreadable) return unreadable;
        return CheckIdentity(fields, accepted) ?? CheckTime(fields, receipt, accepted) ?? CheckValue(fields, accepted) ?? CheckExposure(fields, accepted)
            ?? Keep(fields, accepted);
    }

    private static Refusal? CheckIdentity(EventFields fields, Event accepted)
    {
        if (fields.Type is not { Length: > 0 } type) return Refusal.Missing("type");
        if (fields.VisitorId is not { Length: > 0 } visitor) return Refusal.Missing("visitor_id");
        var junk = Junk("visitor_id", visitor) ?? Junk("user_id", fields.UserId) ?? Junk("account_id", fields.AccountId) ?? Junk("device_id", fields.DeviceId);
        if (junk is not null) return junk;
        if (fields.Id is { Length: 0 }) return Refusal.Missing("id");
        accepted.Id = fields.Id ?? Guid.CreateVersion7().ToString("N");
        accepted.Type = type;
        accepted.VisitorId = visitor;
        accepted.UserId = fields.UserId ?? "";
        accepted.AccountId = fields.AccountId ?? "";
        accepted.DeviceId = fields.DeviceId ?? "";
        accepted.SessionId = fields.SessionId ?? "";
        return null;
    }

    private static Refusal? Junk(string field, string? id)
    {
        if (string.IsNullOrEmpty(id)) return null;
        var text = id.Trim();
        return text.Length == 0 || JunkIds.Contains(text) ? new Refusal(Codes.JunkId, field, $"{field} '{id}' names nobody: many would share it") : null;
    }

    private Refusal? CheckTime(EventFields fields, in Receipt receipt, Event accepted)
    {
        if (fields.Timestamp is not { } text) return null;
        if (IsoTime.TryParse(text) is not { } client)
        {
            return new Refusal(Codes.InvalidTimestamp, "timestamp", "timestamp must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z");
        }

        var corrected = client + receipt.ClockOffsetMs;
        if (corrected < receipt.ReceivedMs - _options.MaxAgeDays * 86_400_000L)
        {
            return new Refusal(Codes.TimestampTooOld, "timestamp", $"timestamp lies more than {_options.MaxAgeDays} days back");
        }

        if (corrected > receipt.ReceivedMs + _options.MaxAheadMinutes * 60_000L)
        {
            return new Refusal(Codes.TimestampInFuture, "timestamp", $"timestamp lies more than {_options.MaxAheadMinutes} minutes ahead");
        }

        accepted.ClientTimestampMs = client;
        accepted.TimestampMs = corrected;
        return null;
    }

    private static Refusal? CheckValue(EventFields fields, Event accepted)
    {
        if (fields.Value is { } number)
        {
            if (!Scaled.TryRead(number, out var value)) return new Refusal(Codes.OutOfRange, "value", "value must lie between -1e9 and 1e9");
            if (value < 0 && accepted.Type == PurchaseType)
            {
                return new Refusal(Codes.NegativeValue, "value", "a purchase has no negative value: send money given back as an event of the type refund");
            }

            accepted.ValueE4 = value;
        }

        if (fields.Currency is not { } currency) return null;
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper))
        {
            return new Refusal(Codes.InvalidCurrency, "currency", "currency must be a code of ISO 4217 such as EUR");
        }

        accepted.Currency = currency;
        return null;
    }

    private static Refusal? CheckExposure(EventFields fields, Event accepted)
    {
        if (accepted.Type != ExposureType) return null;
        if (fields.Experiment is not { } experiment) return Refusal.Missing("experiment");
        if (fields.Variant is not { } variant) return Refusal.Missing("variant");
        if (EventFields.ReadText(experiment, "experiment", EventFields.MaxKey, out var experimentKey) is { } badExperiment) return badExperiment;
        if (EventFields.ReadText(variant, "variant", EventFields.MaxKey, out var variantKey) is { } badVariant) return badVariant;
        if (experimentKey.Length == 0) return Refusal.Missing("experiment");
        if (variantKey.Length == 0) return Refusal.Missing("variant");
        accepted.Exposure = new Exposure { Experiment = experimentKey, Variant = variantKey };
        if (fields.Version is not { } version) return null;
        if (version.ValueKind != JsonValueKind.Number || !version.TryGetUInt32(out var number) || number == 0)
        {
            return Refusal.WrongType("version", "a whole number from 1");
        }

        accepted.Exposure.Version = number;
        return null;
    }

    private static Refusal? Keep(EventFields fields, Event accepted)
    {
        accepted.PropertiesJson = Raw(fields.Properties);
        accepted.PageJson = Raw(fields.Page);
        accepted.ContextJson = Raw(fields.Context);
        var extras = fields.Extras;
        if (accepted.Exposure is null) extras.AddRange(fields.ExposureFields());
        if (extras.Count == 0) return null;
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in extras)
            {
                if (JsonText.Check(value, name) is { } refusal) return refusal;
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        accepted.ExtraJson = UnsafeByteOperations.UnsafeWrap(buffer.ToArray());
        return null;
    }

    private static ByteString Raw(JsonElement? json) =>
        json is { } element ? ByteString.CopyFrom(JsonMarshal.GetRawUtf8Value(element)) : ByteString.Empty;
}

using System.Text.Json;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>What is kept of a person, under the names by which it was sent.</summary>
internal static class ExportedEvent
{
    /// <summary>An event as the log has it.</summary>
    public static byte[] Of(Event read) => Write(json =>
    {
        json.WriteString("id", read.Id);
        json.WriteString("type", read.Type);
        foreach (var (name, value) in new[]
        {
            ("visitor_id", read.VisitorId), ("user_id", read.UserId), ("account_id", read.AccountId), ("device_id", read.DeviceId),
            ("session_id", read.SessionId), ("currency", read.Currency), ("experiment", read.Exposure?.Experiment ?? ""), ("variant", read.Exposure?.Variant ?? ""),
        })
        {
            if (value.Length > 0) json.WriteString(name, value);
        }

        json.WriteString("timestamp", Time(read.TimestampMs));
        json.WriteString("received_at", Time(read.ReceivedMs));
        if (read.HasValueE4) json.WriteNumber("value", (decimal)read.ValueE4 / Scaled.One);
        foreach (var (name, value) in new[] { ("properties", read.PropertiesJson), ("page", read.PageJson), ("context", read.ContextJson), ("other_fields", read.ExtraJson) })
        {
            WriteRaw(json, name, value.Span);
        }
    });

    /// <summary>A unit's memory in the analysis.</summary>
    public static byte[] Of(UnitHistory history) => Write(json =>
    {
        json.WriteString("unit_type", history.UnitType);
        json.WriteString("unit", history.Unit);
        json.WriteStartArray("facts");
        foreach (var fact in history.Facts)
        {
            json.WriteStartObject();
            json.WriteString("type", fact.Type);
            json.WriteString("timestamp", Time(fact.TimeMs));
            json.WriteString("received_at", Time(fact.ReceivedMs));
            if (fact.ValueE4 is { } value) json.WriteNumber("value", (decimal)value / Scaled.One);
            if (fact.Exposure is { } exposure)
            {
                json.WriteString("experiment", exposure.Experiment);
                json.WriteString("variant", exposure.Variant);
            }

            WriteRaw(json, "properties", fact.Properties.Span);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return;
        json.WritePropertyName(name);
        json.WriteRawValue(value);
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}

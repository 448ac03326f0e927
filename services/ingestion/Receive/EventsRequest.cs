using System.Text.Json;
using CroPlatform.Services.Ingestion.Check;

namespace CroPlatform.Services.Ingestion.Receive;

/// <summary>What is wrong with a request as a whole.</summary>
internal sealed record RequestFault(int Status, string Code, string? Field, string Message);

/// <summary>The outer shape of a request: one event, or several with the sender's clock.</summary>
internal readonly struct EventsRequest
{
    private readonly JsonElement _root;
    private readonly bool _isBatch;

    private EventsRequest(JsonElement root, bool isBatch, int count, long clockOffsetMs, RequestFault? fault) =>
        (_root, _isBatch, Count, ClockOffsetMs, Fault) = (root, isBatch, count, clockOffsetMs, fault);

    public int Count { get; }

    /// <summary>What to add to the sender's times: received − sent, 0 if it did not say when it sent.</summary>
    public long ClockOffsetMs { get; }

    public RequestFault? Fault { get; }

    public IEnumerable<JsonElement> Events() => _isBatch ? _root.EnumerateArray() : [_root];

    public static EventsRequest Read(JsonElement root, long receivedMs, int maxEvents)
    {
        if (root.ValueKind != JsonValueKind.Object) return Faulty(400, "wrong_type", null, "send one event as an object, or {\"sent_at\": …, \"events\": […]}");
        var offset = 0L;
        if (root.TryGetProperty("sent_at", out var sentAt) && sentAt.ValueKind != JsonValueKind.Null)
        {
            if (sentAt.ValueKind != JsonValueKind.String || JsonText.TryRead(sentAt) is not { } text || IsoTime.TryParse(text) is not { } sent)
            {
                return Faulty(400, "invalid_timestamp", "sent_at", "sent_at must be an ISO 8601 time such as 2026-01-31T12:00:00.000Z");
            }

            offset = receivedMs - sent;
        }

        if (!root.TryGetProperty("events", out var events)) return new EventsRequest(root, false, 1, offset, null);
        if (events.ValueKind != JsonValueKind.Array) return Faulty(400, "wrong_type", "events", "events must be an array");
        var count = events.GetArrayLength();
        return count > maxEvents
            ? Faulty(413, "too_many_events", "events", $"{count} events where a request may have {maxEvents}: send several requests")
            : new EventsRequest(events, true, count, offset, null);
    }

    private static EventsRequest Faulty(int status, string code, string? field, string message) =>
        new(default, false, 0, 0, new RequestFault(status, code, field, message));
}

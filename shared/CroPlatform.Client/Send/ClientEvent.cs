using System.Text.Json;
using System.Text.Json.Serialization;

namespace CroPlatform.Client.Send;

/// <summary>An event as POST /v1/events takes it.</summary>
internal sealed record ClientEvent
{
    /// <summary>Made here, so that a request that is sent again counts once.</summary>
    public required string Id { get; init; }
    public required string Type { get; init; }
    public string? VisitorId { get; init; }
    public string? UserId { get; init; }
    public string? AccountId { get; init; }
    public string? DeviceId { get; init; }
    public required DateTimeOffset Timestamp { get; init; }
    public double? Value { get; init; }
    public string? Currency { get; init; }
    public JsonElement? Properties { get; init; }
    public string? Experiment { get; init; }
    public string? Variant { get; init; }
    public int? Version { get; init; }
}

internal sealed record ClientBatch(DateTimeOffset SentAt, IReadOnlyList<ClientEvent> Events);

internal sealed record EventsReply(int Accepted, IReadOnlyList<Refusal> Rejected);

internal sealed record Refusal(int Index, string Code, string Message);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ClientBatch))]
[JsonSerializable(typeof(EventsReply))]
internal sealed partial class ClientJson : JsonSerializerContext;

using System.Text.Json;

namespace CroPlatform.Client;

/// <summary>Something a unit did.</summary>
/// <param name="Type">page_view, add_to_cart, purchase or a name of your own, 1 to 64 characters.</param>
/// <param name="VisitorId">Whom it belongs to, 1 to 256 characters.</param>
public sealed record TrackedEvent(string Type, string VisitorId)
{
    /// <summary>Unique for each event; made here if it is not given.</summary>
    public string? Id { get; init; }
    public string? UserId { get; init; }
    public string? AccountId { get; init; }
    public string? DeviceId { get; init; }

    /// <summary>When it happened; now if it is not given.</summary>
    public DateTimeOffset? Timestamp { get; init; }
    public double? Value { get; init; }

    /// <summary>ISO 4217.</summary>
    public string? Currency { get; init; }

    /// <summary>A JSON object.</summary>
    public JsonElement? Properties { get; init; }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>A row of the audit log as the API shows it, with all that its hash covers but the site.</summary>
internal sealed record AuditView
{
    public required long Seq { get; init; }
    public required string At { get; init; }
    public required string Actor { get; init; }
    public required string Action { get; init; }
    public required string SubjectKind { get; init; }
    public required string Subject { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)] public required JsonElement? Before { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)] public required JsonElement? After { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)] public required string? Reason { get; init; }

    /// <summary>Hexadecimal, in small letters.</summary>
    public required string PreviousHash { get; init; }
    public required string Hash { get; init; }

    public static AuditView Of(StoredAudit stored) => new()
    {
        Seq = stored.Row.Seq,
        At = stored.Row.AtText,
        Actor = stored.Row.Actor,
        Action = stored.Row.Action,
        SubjectKind = stored.Row.SubjectKind,
        Subject = stored.Row.Subject,
        Before = Json(stored.Row.Before),
        After = Json(stored.Row.After),
        Reason = stored.Row.Reason,
        PreviousHash = Convert.ToHexStringLower(stored.Row.PreviousHash),
        Hash = Convert.ToHexStringLower(stored.Hash),
    };

    private static JsonElement? Json(string? text) => text is null ? null : JsonSerializer.Deserialize<JsonElement>(text, JsonBody.Options);
}

using System.Text.Json.Serialization;

namespace CroPlatform.Services.Ingestion.Receive;

/// <summary>The answer to POST /v1/events.</summary>
internal sealed record EventsAnswer(int Accepted, IReadOnlyList<RejectedItem> Rejected);

internal sealed record RejectedItem(int Index, string Code, string Field, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(EventsAnswer))]
internal sealed partial class AnswerJson : JsonSerializerContext;

using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Ingestion;

public sealed record IngestionOptions
{
    public const string Section = "Ingestion";

    /// <summary>Events in one request.</summary>
    [Range(1, 100_000)] public int MaxEvents { get; init; } = 1_000;

    /// <summary>How far back an event may lie, in days. Older history needs a back-fill path of its own.</summary>
    [Range(1, 3_650)] public int MaxAgeDays { get; init; } = 30;

    /// <summary>How far ahead an event may lie, in minutes: what a client's clock may be off after correction.</summary>
    [Range(0, 1_440)] public int MaxAheadMinutes { get; init; } = 60;

    /// <summary>Bytes of the JSON of one of <c>properties</c>, <c>page</c> or <c>context</c>.</summary>
    [Range(256, 1 << 20)] public int MaxObjectBytes { get; init; } = 32_768;

    /// <summary>Events a second that one visitor may send to each instance; more are refused one by one.</summary>
    [Range(0.1, 1_000_000)] public double VisitorEventsPerSecond { get; init; } = 200;

    /// <summary>Events that one visitor may send at once. A unit of more than 2 000 remembered events is a bot to the analysis.</summary>
    [Range(1, 1_000_000)] public double VisitorEventsBurst { get; init; } = 5_000;

    /// <summary>How long a request waits for the log's acknowledgement before its events go to the spool.</summary>
    [Range(100, 300_000)] public int AckTimeoutMs { get; init; } = 5_000;
}

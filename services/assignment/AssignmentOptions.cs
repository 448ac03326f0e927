using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Assignment;

public sealed record AssignmentOptions
{
    public const string Section = "Assignment";

    /// <summary>Without word from the log for longer than this, every answer is the control with the reason <c>stale</c>.</summary>
    [Range(1, 86_400)] public int MaxStalenessSeconds { get; init; } = 300;

    /// <summary>Units in one batch.</summary>
    [Range(1, 100_000)] public int MaxBatch { get; init; } = 1_000;

    /// <summary>Experiments named in one request.</summary>
    [Range(1, 10_000)] public int MaxExperiments { get; init; } = 1_000;

    /// <summary>How long the first answer for a sticky experiment may wait for its store, in milliseconds; then the control is given.</summary>
    [Range(10, 60_000)] public int StickyTimeoutMs { get; init; } = 500;

    /// <summary>Streams of live updates open at once; more are refused.</summary>
    [Range(1, 1_000_000)] public int MaxStreams { get; init; } = 10_000;
}

using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Ingestion.Store;

/// <summary>Where events wait while the log does not acknowledge.</summary>
public sealed record SpoolOptions
{
    public const string Section = "Spool";

    /// <summary>A folder on a disk that outlives the process and its pod; empty: no spool, and such events are answered with 503.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Bytes that may wait; beyond them events are answered with 503.</summary>
    [Range(1 << 16, long.MaxValue)] public long MaxBytes { get; init; } = 4L << 30;

    /// <summary>Bytes of the disk that are left free.</summary>
    [Range(0, long.MaxValue)] public long ReserveBytes { get; init; } = 256L << 20;

    /// <summary>A file is ended when it has this many bytes, and deleted when all of it is in the log.</summary>
    [Range(1 << 12, 1 << 30)] public int SegmentBytes { get; init; } = 16 << 20;

    /// <summary>How often the log is tried again while it is away.</summary>
    [Range(10, 60_000)] public int RetryMs { get; init; } = 500;
}

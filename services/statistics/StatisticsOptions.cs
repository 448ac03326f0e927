using System.ComponentModel.DataAnnotations;

namespace CroPlatform.Services.Statistics;

public sealed record StatisticsOptions
{
    public const string Section = "Statistics";

    /// <summary>How often what is in memory is stored.</summary>
    [Range(10, 60_000)] public int CheckpointMs { get; init; } = 750;

    /// <summary>Events after which a checkpoint is made before its time.</summary>
    [Range(1, 10_000_000)] public int CheckpointEvents { get; init; } = 50_000;

    /// <summary>Events folded at once.</summary>
    [Range(1, 1_000_000)] public int MaxBatch { get; init; } = 10_000;

    /// <summary>Units kept in memory for each partition after they are stored; others are read again when an event of theirs comes.</summary>
    [Range(100, 100_000_000)] public int CachedUnits { get; init; } = 50_000;

    /// <summary>Events received later than this after they happened are quarantined, in hours.</summary>
    [Range(1, 168)] public int MaxLatenessHours { get; init; } = 72;

    /// <summary>How long a walk over all units rests at least: dimensions and data quality are this old.</summary>
    [Range(100, 600_000)] public int SurveyMs { get; init; } = 15_000;

    /// <summary>At which hour of the day, UTC, all pairs of running experiments are tested for interaction.</summary>
    [Range(0, 23)] public int InteractionsHourUtc { get; init; } = 3;

    /// <summary>How often results are judged and published.</summary>
    [Range(50, 60_000)] public int ResultsMs { get; init; } = 1_000;
}

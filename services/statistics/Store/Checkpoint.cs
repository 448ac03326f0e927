using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>What is stored of a partition, as it is read when the partition is opened.</summary>
internal sealed record StoredPartition(
    Claim Claim, string LogId, Aggregates Aggregates, FoldedExperiments Folded, Dictionary<string, Balance> Balance, IReadOnlyList<string> Erased);

/// <summary>What a checkpoint stores, all of it or nothing. Aggregates are absolute: their rows belong to the partition.</summary>
internal sealed record Checkpoint(
    Claim Claim,
    long Next,
    IReadOnlyList<CachedUnit> Units,
    Aggregates Aggregates,
    FoldedExperiments Folded,
    IReadOnlyList<(string Site, Balance Balance)> Balance,
    IReadOnlyList<EventReading> Quarantine,
    IReadOnlyCollection<QuarantinedAt> Settled,
    IReadOnlyList<ErasedRow> Erased);

/// <summary>That an erasure was carried out in a partition, and what of.</summary>
/// <param name="Quarantined">Rows of quarantine whose records are to be emptied.</param>
/// <param name="Experiments">Those whose numbers changed.</param>
internal sealed record ErasedRow(
    string Site, string Erasure, int Units, long Facts, IReadOnlyCollection<QuarantinedAt> Quarantined, IReadOnlyList<string> Experiments);

using Confluent.Kafka;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Store;

/// <summary>What folding needs of the store: units to go on with, and a place for checkpoints. Tests keep the rows in memory.</summary>
internal interface IPartitionRows
{
    Task<IReadOnlyList<UnitHistory>> LoadUnitsAsync(int partition, IReadOnlyCollection<(string Site, string Unit)> keys, CancellationToken ct);

    /// <summary>The site's units with a fact at or after this time, or with something held.</summary>
    IAsyncEnumerable<UnitHistory> ReadUnitsAsync(int partition, string site, long sinceMs, CancellationToken ct);

    /// <summary>Those of these places that still have a row in quarantine, with its site.</summary>
    Task<IReadOnlyDictionary<QuarantinedAt, string>> QuarantinedAsync(IReadOnlyList<QuarantinedAt> places, CancellationToken ct);

    /// <summary>The site's units with one of these digests, see <see cref="ErasedUnit"/>.</summary>
    Task<IReadOnlyList<UnitHistory>> FindUnitsAsync(int partition, string site, IReadOnlySet<string> digests, CancellationToken ct);

    /// <summary>The partition's places in quarantine whose record is one that is looked for.</summary>
    Task<IReadOnlyList<QuarantinedAt>> FindQuarantinedAsync(Claim claim, Func<ConsumeResult<byte[], byte[]>, bool> match, CancellationToken ct);

    /// <summary>Stores a checkpoint, all of it or nothing.</summary>
    /// <returns>The claim at its new offset.</returns>
    /// <exception cref="FencedException">Another process owns the partition now.</exception>
    Task<Claim> SaveAsync(Checkpoint checkpoint, CancellationToken ct);
}

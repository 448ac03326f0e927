using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using CroPlatform.Postgres;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Statistics.Route;

/// <summary>
/// One partition of cro.events.v1 while this process routes it. Holds nothing: records are in cro.facts.v1 before the offset moves. An experiment
/// that becomes known after some of its events were read has the partition read again from there.
/// </summary>
internal sealed class RoutedPartition(
    RoutingStore store, Claim claim, HashSet<(string Site, string Experiment)> served, Func<Catalog> catalog, RecordProducer producer, TimeSpan maxLateness)
    : IPartitionState
{
    private Claim _claim = claim;
    private long _next = claim.Next;
    private Catalog? _seen;
    private RoutingTable _table = new(Catalog.Empty);

    public bool IsDirty => _next > _claim.Next;

    public async Task FoldAsync(IReadOnlyList<ConsumeResult<byte[], byte[]>> records, CancellationToken ct)
    {
        await ServeAsync(ct);
        var routed = new List<Outgoing>();
        foreach (var record in records)
        {
            if (record.Offset.Value < _next) continue;
            _next = record.Offset.Value + 1;
            // What cannot be counted is quarantined where visitors are folded.
            if (EventReading.TryRead(record, maxLateness, catalog()) is not { } read) continue;
            // It left quarantine where its visitor is folded.
            read.PutBack = null;
            routed.AddRange(_table.Route(read).Select(r => new Outgoing(Topics.UnitKey(read.Site, r.UnitType, r.Unit), r)));
        }

        await producer.ProduceAsync(Topics.Facts, routed, ct);
    }

    public Task TickAsync(CancellationToken ct) => ServeAsync(ct);

    public async Task<long> CheckpointAsync(CancellationToken ct)
    {
        _claim = await store.AdvanceAsync(_claim, _next, ct);
        return _next;
    }

    /// <summary>Looks for experiments that need more than was routed so far.</summary>
    /// <exception cref="StartOverException">The stored offset was moved back.</exception>
    private async Task ServeAsync(CancellationToken ct)
    {
        var now = catalog();
        if (ReferenceEquals(now, _seen)) return;
        var table = new RoutingTable(now);
        var fresh = table.Routed.Where(e => !served.Contains((e.Site, e.Key))).ToList();
        if (fresh.Count > 0)
        {
            await store.RewindAsync(_claim, _next, fresh, ct);
            throw new StartOverException($"{fresh.Count} experiments need events that were read before they were known");
        }

        (_table, _seen) = (table, now);
    }
}

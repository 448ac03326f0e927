namespace CroPlatform.Broker.Store;

/// <summary>A batch that was written: its sequence numbers and its offsets.</summary>
internal readonly record struct SentBatch(int FirstSequence, int LastSequence, long BaseOffset, long LastOffset);

/// <param name="SeenAt">When its last batch came, in ms since 1970.</param>
/// <param name="Sent">Its last batches; never empty, oldest first.</param>
internal sealed record Producer(long Id, short Epoch, long SeenAt, SentBatch[] Sent);

/// <summary>
/// The last batches of every idempotent producer of one partition (KIP-98), by which a batch that is sent again is known, and a gap.
/// Not thread-safe: the partition's log guards it.
/// </summary>
internal sealed class ProducerStates(IEnumerable<Producer> known)
{
    // As many requests as a producer may have on the way (max.in.flight.requests.per.connection).
    private const int Remembered = 5;
    private const int MaxProducers = 10_000;

    private readonly Dictionary<long, Producer> _producers = known.ToDictionary(producer => producer.Id);

    /// <summary>As they are now.</summary>
    public IReadOnlyCollection<Producer> All => _producers.Values;

    /// <summary>What becomes of a batch.</summary>
    /// <returns>An error; or the same batch as it already is in the log: it is acknowledged as that and not written again.</returns>
    public (ErrorCode Error, SentBatch? Duplicate) Check(in RecordBatch batch)
    {
        // One that is not known, or no longer, may begin anywhere, as in Kafka.
        if (batch.ProducerId < 0 || !_producers.TryGetValue(batch.ProducerId, out var producer))
            return default;
        if (batch.ProducerEpoch < producer.Epoch)
            return (ErrorCode.InvalidProducerEpoch, null);
        if (batch.ProducerEpoch > producer.Epoch)
            return (batch.BaseSequence == 0 ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber, null);
        foreach (var sent in producer.Sent)
        {
            if (sent.FirstSequence == batch.BaseSequence && sent.LastSequence == batch.LastSequence)
                return (ErrorCode.None, sent);
        }

        var last = producer.Sent[^1].LastSequence;
        if (batch.BaseSequence == (last == int.MaxValue ? 0 : last + 1))
            return default;
        return (batch.LastSequence <= last ? ErrorCode.DuplicateSequenceNumber : ErrorCode.OutOfOrderSequenceNumber, null);
    }

    /// <param name="seenAt">In ms since 1970; by it idle producers are forgotten.</param>
    public void Add(in RecordBatch batch, long seenAt)
    {
        if (batch.ProducerId < 0)
            return;
        var isKnown = _producers.TryGetValue(batch.ProducerId, out var before);
        if (!isKnown && _producers.Count >= MaxProducers)
            _producers.Remove(_producers.MinBy(pair => pair.Value.SeenAt).Key);
        var sent = before?.Epoch == batch.ProducerEpoch ? before.Sent : [];
        _producers[batch.ProducerId] = new Producer(batch.ProducerId, batch.ProducerEpoch, seenAt,
        [
            .. sent.AsSpan(Math.Max(0, sent.Length - Remembered + 1)),
            new SentBatch(batch.BaseSequence, batch.LastSequence, batch.BaseOffset, batch.LastOffset),
        ]);
    }

    public void ForgetIdle(long before)
    {
        foreach (var idle in _producers.Values.Where(producer => producer.SeenAt < before).ToArray())
            _producers.Remove(idle.Id);
    }
}

namespace CroPlatform.Broker.Store;

/// <summary>What becomes of an idempotent producer's batch.</summary>
/// <param name="Duplicate">The offsets that the same batch already has in the log: it is acknowledged with them and not written again.</param>
internal readonly record struct SequenceCheck(ErrorCode Error, (long Base, long Last)? Duplicate = null);

/// <summary>
/// The last batches of every idempotent producer of one partition (KIP-98), by which a batch that is sent again is known, and a gap.
/// Not thread-safe: the partition's log guards it.
/// </summary>
internal sealed class ProducerStates
{
    // As many requests as a producer may have on the way (max.in.flight.requests.per.connection).
    private const int Remembered = 5;
    private const int MaxProducers = 10_000;

    private readonly Dictionary<long, Producer> _producers = [];

    public int Count => _producers.Count;

    public SequenceCheck Check(in RecordBatch batch)
    {
        // One that is not known, or no longer, may begin anywhere, as in Kafka.
        if (batch.ProducerId < 0 || !_producers.TryGetValue(batch.ProducerId, out var producer))
            return new SequenceCheck(ErrorCode.None);
        if (batch.ProducerEpoch < producer.Epoch)
            return new SequenceCheck(ErrorCode.InvalidProducerEpoch);
        if (batch.ProducerEpoch > producer.Epoch)
            return new SequenceCheck(batch.BaseSequence == 0 ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber);
        foreach (var sent in producer.Sent)
        {
            if (sent.FirstSequence == batch.BaseSequence && sent.LastSequence == batch.LastSequence)
                return new SequenceCheck(ErrorCode.None, (sent.BaseOffset, sent.LastOffset));
        }

        var last = producer.Sent[^1].LastSequence;
        if (batch.BaseSequence == (last == int.MaxValue ? 0 : last + 1))
            return new SequenceCheck(ErrorCode.None);
        return new SequenceCheck(batch.LastSequence <= last ? ErrorCode.DuplicateSequenceNumber : ErrorCode.OutOfOrderSequenceNumber);
    }

    /// <param name="seenAt">When it came, in ms since 1970; by that clock idle producers are forgotten.</param>
    public void Add(in RecordBatch batch, long seenAt)
    {
        if (batch.ProducerId < 0)
            return;
        if (!_producers.TryGetValue(batch.ProducerId, out var producer) || producer.Epoch != batch.ProducerEpoch)
        {
            if (_producers.Count >= MaxProducers)
                _producers.Remove(_producers.MinBy(pair => pair.Value.SeenAt).Key);
            _producers[batch.ProducerId] = producer = new Producer(batch.ProducerEpoch);
        }

        if (producer.Sent.Count == Remembered)
            producer.Sent.RemoveAt(0);
        producer.Sent.Add(new Sent(batch.BaseSequence, batch.LastSequence, batch.BaseOffset, batch.LastOffset));
        producer.SeenAt = seenAt;
    }

    public void ForgetIdle(long before)
    {
        foreach (var (id, producer) in _producers)
        {
            if (producer.SeenAt < before)
                _producers.Remove(id);
        }
    }

    public void Save(WireWriter writer) => writer.Array(_producers, pair =>
    {
        writer.Int64(pair.Key);
        writer.Int16(pair.Value.Epoch);
        writer.Int64(pair.Value.SeenAt);
        writer.Array(pair.Value.Sent, sent =>
        {
            writer.Int32(sent.FirstSequence);
            writer.Int32(sent.LastSequence);
            writer.Int64(sent.BaseOffset);
            writer.Int64(sent.LastOffset);
        });
    });

    public void Load(WireReader reader)
    {
        _producers.Clear();
        reader.Array(r =>
        {
            var id = r.Int64();
            var producer = new Producer(r.Int16()) { SeenAt = r.Int64() };
            producer.Sent.AddRange(r.Array(s => new Sent(s.Int32(), s.Int32(), s.Int64(), s.Int64())));
            _producers[id] = producer;
            return id;
        });
    }

    private readonly record struct Sent(int FirstSequence, int LastSequence, long BaseOffset, long LastOffset);

    private sealed class Producer(short epoch)
    {
        public short Epoch => epoch;

        public long SeenAt { get; set; }

        /// <summary>Never empty, oldest first.</summary>
        public List<Sent> Sent { get; } = new(Remembered);
    }
}

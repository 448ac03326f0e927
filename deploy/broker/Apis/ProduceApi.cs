namespace CroPlatform.Broker.Apis;

/// <summary>Takes batches in. All of a request is appended before anything is waited for, so that a connection's requests keep their order.</summary>
internal sealed class ProduceApi(TopicStore topics, BrokerOptions options)
{
    private const int Zstd = 4;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis) => apis[ApiKey.Produce] = ProduceAsync;

    private async Task ProduceAsync(Request request)
    {
        var from = request.Body;
        var isTransaction = from.NullableString() is not null;
        var acks = from.Int16();
        _ = from.Int32(); // time-out: a sync takes as long as it takes
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

        // Read to its end before anything is written, so that a request that is broken further on writes nothing.
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p => (Index: p.Int32(), Records: p.NullableBytes() ?? Memory<byte>.Empty))));
        request.IsSilent = acks == 0;
        var written = wanted.Select(topic => (topic.Name, Partitions: topic.Partitions.Select(partition =>
        {
            var found = topics.Find(topic.Name);
            var log = found?.Partition(partition.Index);
            var result = isTransaction ? AppendResult.Refused(ErrorCode.TransactionalIdAuthorizationFailed)
                : acks is < -1 or > 1 ? AppendResult.Refused(ErrorCode.InvalidRequiredAcks)
                : log is null ? AppendResult.Refused(ErrorCode.UnknownTopicOrPartition)
                : Append(log, found!, partition.Records, from.Version, now);
            var flushed = result.Error == ErrorCode.None && acks != 0 ? log!.FlushedAsync(result.LastOffset) : Task.FromResult(true);
            return (partition.Index, Log: log, Result: result, Flushed: flushed);
        }).ToArray())).ToArray();

        foreach (var partition in written.SelectMany(topic => topic.Partitions))
            await partition.Flushed;
        var to = request.Response;
        to.Array(written, topic => to.String(topic.Name).Array(topic.Partitions, partition =>
        {
            var error = partition.Flushed.Result ? partition.Result.Error : ErrorCode.KafkaStorageError;
            to.Int32(partition.Index).Error(error).Int64(error == ErrorCode.None ? partition.Result.BaseOffset : -1);
            to.Int64(-1); // log append time: the producer's own is kept
            to.Int64(partition.Log?.StartOffset ?? -1, since: 5);
            to.Count(0, since: 8).String(null, since: 8); // errors of single records, and in words
        }));
        to.Throttle();
    }

    private AppendResult Append(PartitionLog log, Topic topic, Memory<byte> records, short version, long now)
    {
        if (records.Length < RecordBatch.HeaderSize)
            return AppendResult.Refused(ErrorCode.CorruptMessage);
        var batch = RecordBatch.Parse(records.Span);
        if (batch.Magic != 2)
            return AppendResult.Refused(ErrorCode.UnsupportedForMessageFormat);
        if (batch.Size > topic.Config.MaxBatchBytes(options))
            return AppendResult.Refused(ErrorCode.MessageTooLarge);

        // One batch a partition and request, as the protocol asks from version 3 on.
        if (!batch.IsPlausible || batch.Size != records.Length || batch.IsControl || batch.IsTransactional || batch.HasLogAppendTime
            || (batch.ProducerId >= 0 && (batch.BaseSequence < 0 || batch.ProducerEpoch < 0)))
        {
            return AppendResult.Refused(ErrorCode.InvalidRecord);
        }

        if (batch.Compression > Zstd || (batch.Compression == Zstd && version < 7))
            return AppendResult.Refused(ErrorCode.UnsupportedCompressionType);
        return RecordBatch.HasValidCrc(records.Span) ? log.Append(records, batch, now) : AppendResult.Refused(ErrorCode.CorruptMessage);
    }
}

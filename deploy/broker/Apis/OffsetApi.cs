namespace CroPlatform.Broker.Apis;

/// <summary>Offsets: those of a log (first, next, by time, by leader epoch), and those that groups commit.</summary>
internal sealed class OffsetApi(TopicStore topics, GroupCoordinator groups)
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const int MaxMetadata = 4_096;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.ListOffsets] = Request.Now(ListOffsets);
        apis[ApiKey.OffsetForLeaderEpoch] = Request.Now(OffsetForLeaderEpoch);
        apis[ApiKey.OffsetCommit] = CommitAsync;
        apis[ApiKey.OffsetFetch] = Request.Now(Fetch);
    }

    private void ListOffsets(WireReader from, WireWriter to)
    {
        _ = (from.Int32(), from.Int8(since: 2)); // replica, isolation
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p => (Index: p.Int32(), Epoch: p.Int32(since: 4), Timestamp: p.Int64()))));
        to.Throttle(since: 2).Array(wanted, topic => to.String(topic.Name).Array(topic.Partitions, partition =>
        {
            var log = topics.Find(topic.Name)?.Partition(partition.Index);
            var (offset, timestamp) = (log, partition.Timestamp) switch
            {
                (null, _) => (-1, -1),
                (_, Latest) => (log.HighWatermark, -1),
                (_, Earliest) => (log.StartOffset, -1),
                _ => log.OffsetAt(partition.Timestamp) ?? (-1, -1),
            };
            var error = log is null ? ErrorCode.UnknownTopicOrPartition : partition.Timestamp < Earliest ? ErrorCode.UnsupportedVersion : ErrorCode.None;
            to.Int32(partition.Index).Error(error).Int64(timestamp).Int64(offset).Int32(offset < 0 ? -1 : 0, since: 4); // leader epoch
        }));
    }

    /// <summary>There is one leader for ever, whose epoch is 0: it ends where the log ends, which never goes back.</summary>
    private void OffsetForLeaderEpoch(WireReader from, WireWriter to)
    {
        _ = from.Int32(since: 3); // replica
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p => (Index: p.Int32(), Current: p.Int32(), Epoch: p.Int32()))));
        to.Throttle().Array(wanted, topic => to.String(topic.Name).Array(topic.Partitions, partition =>
        {
            var log = topics.Find(topic.Name)?.Partition(partition.Index);
            var isKnown = log is not null && partition is { Epoch: 0, Current: <= 0 };
            to.Error(log is null ? ErrorCode.UnknownTopicOrPartition : partition.Current > 0 ? ErrorCode.UnknownLeaderEpoch : ErrorCode.None);
            to.Int32(partition.Index).Int32(isKnown ? 0 : -1).Int64(isKnown ? log!.HighWatermark : -1);
        }));
    }

    private async Task CommitAsync(Request request)
    {
        var from = request.Body;
        var group = from.String();
        var caller = new Caller(from.Int32(), from.String(), from.NullableString(since: 7));
        if (from.Version <= 4)
            _ = from.Int64(); // retention: offsets are kept until their group or topic is deleted
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p =>
            (Index: p.Int32(), Offset: p.Int64(), Epoch: p.Int32(since: 6), Metadata: p.NullableString()))));
        var refused = groups.MayCommit(group, caller);
        var judged = wanted.SelectMany(topic => topic.Partitions.Select(partition => (
            Key: new OffsetKey(group, topic.Name, partition.Index),
            Offset: new CommittedOffset(partition.Offset, partition.Epoch, partition.Metadata),
            Error: refused != ErrorCode.None ? refused
                : topics.Find(topic.Name)?.Partition(partition.Index) is null ? ErrorCode.UnknownTopicOrPartition
                : partition.Metadata?.Length > MaxMetadata ? ErrorCode.OffsetMetadataTooLarge
                : ErrorCode.None))).ToArray();
        var sound = judged.Where(one => one.Error == ErrorCode.None).Select(one => (one.Key, (CommittedOffset?)one.Offset)).ToArray();
        var stored = await groups.Offsets.StoreAsync(sound);
        var (to, next) = (request.Response, 0);
        to.Throttle(since: 3).Array(wanted, topic => to.String(topic.Name).Array(topic.Partitions, partition =>
            to.Int32(partition.Index).Error(judged[next++].Error is var error and not ErrorCode.None ? error : stored)));
    }

    private void Fetch(WireReader from, WireWriter to)
    {
        var group = from.String();
        var wanted = from.NullableArray(t => (Name: t.String(), Partitions: t.Array(p => p.Int32())))
            ?? [.. groups.Offsets.All.Keys.Where(key => key.Group == group).GroupBy(key => key.Topic, key => key.Partition, (t, p) => (t, p.ToArray()))];
        to.Throttle(since: 3).Array(wanted, topic => to.String(topic.Name).Array(topic.Partitions, partition =>
        {
            var committed = groups.Offsets.All.GetValueOrDefault(new OffsetKey(group, topic.Name, partition)) ?? new CommittedOffset(-1, -1, "");
            to.Int32(partition).Int64(committed.Offset).Int32(committed.LeaderEpoch, since: 5).String(committed.Metadata).Error(ErrorCode.None);
        }));
        to.Error(ErrorCode.None, since: 2);
    }
}

using CroPlatform.Broker.Groups;
using CroPlatform.Broker.Serve;
using CroPlatform.Broker.Store;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Apis;

/// <summary>Offsets: those of a log (first, next, by time, by leader epoch), and those that groups commit.</summary>
internal sealed class OffsetApi(TopicStore topics, GroupCoordinator groups)
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const int MaxMetadata = 4_096;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis)
    {
        apis[ApiKey.ListOffsets] = Answers.Now(ListOffsets);
        apis[ApiKey.OffsetForLeaderEpoch] = Answers.Now(OffsetForLeaderEpoch);
        apis[ApiKey.OffsetCommit] = CommitAsync;
        apis[ApiKey.OffsetFetch] = Answers.Now(Fetch);
    }

    private void ListOffsets(Request request)
    {
        var (from, to, version) = (request.Body, request.Response, request.Version);
        _ = from.Int32(); // replica
        if (version >= 2)
            _ = from.Int8(); // isolation
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p => (Index: p.Int32(), Epoch: version >= 4 ? p.Int32() : -1, Timestamp: p.Int64()))));
        if (version >= 2)
            to.Int32(0); // throttle
        to.Array(wanted, topic =>
        {
            to.String(topic.Name);
            to.Array(topic.Partitions, partition =>
            {
                var log = topics.Find(topic.Name)?.Partition(partition.Index);
                var (offset, timestamp) = (log, partition.Timestamp) switch
                {
                    (null, _) => (-1, -1),
                    (_, Latest) => (log.HighWatermark, -1),
                    (_, Earliest) => (log.StartOffset, -1),
                    _ => log.OffsetAt(partition.Timestamp) ?? (-1, -1),
                };
                to.Int32(partition.Index);
                to.Error(log is null ? ErrorCode.UnknownTopicOrPartition : partition.Timestamp < Earliest ? ErrorCode.UnsupportedVersion : ErrorCode.None);
                to.Int64(timestamp);
                to.Int64(offset);
                if (version >= 4)
                    to.Int32(offset < 0 ? -1 : 0); // leader epoch
            });
        });
    }

    /// <summary>There is one leader for ever, whose epoch is 0: it ends where the log ends, which never goes back.</summary>
    private void OffsetForLeaderEpoch(Request request)
    {
        var (from, to) = (request.Body, request.Response);
        if (request.Version >= 3)
            _ = from.Int32(); // replica
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p => (Index: p.Int32(), Current: p.Int32(), Epoch: p.Int32()))));
        to.Int32(0); // throttle
        to.Array(wanted, topic =>
        {
            to.String(topic.Name);
            to.Array(topic.Partitions, partition =>
            {
                var log = topics.Find(topic.Name)?.Partition(partition.Index);
                var isKnown = log is not null && partition is { Epoch: 0, Current: <= 0 };
                to.Error(log is null ? ErrorCode.UnknownTopicOrPartition : partition.Current > 0 ? ErrorCode.UnknownLeaderEpoch : ErrorCode.None);
                to.Int32(partition.Index);
                to.Int32(isKnown ? 0 : -1);
                to.Int64(isKnown ? log!.HighWatermark : -1);
            });
        });
    }

    private async Task CommitAsync(Request request)
    {
        var (from, version) = (request.Body, request.Version);
        var group = from.String();
        var caller = new Caller(from.Int32(), from.String(), version >= 7 ? from.NullableString() : null);
        if (version <= 4)
            _ = from.Int64(); // retention: offsets are kept until their group or topic is deleted
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p => (
            Index: p.Int32(), Offset: p.Int64(), Epoch: version >= 6 ? p.Int32() : -1, Metadata: p.NullableString()))));
        var refused = groups.MayCommit(group, caller);
        var judged = wanted.SelectMany(topic => topic.Partitions.Select(partition => (
            Key: new OffsetKey(group, topic.Name, partition.Index),
            Offset: new CommittedOffset(partition.Offset, partition.Epoch, partition.Metadata),
            Error: refused != ErrorCode.None ? refused
                : topics.Find(topic.Name)?.Partition(partition.Index) is null ? ErrorCode.UnknownTopicOrPartition
                : partition.Metadata?.Length > MaxMetadata ? ErrorCode.OffsetMetadataTooLarge
                : ErrorCode.None))).ToArray();
        var stored = await groups.Offsets.StoreAsync([.. judged.Where(one => one.Error == ErrorCode.None).Select(one => (one.Key, (CommittedOffset?)one.Offset))]);

        var (to, next) = (request.Response, 0);
        if (version >= 3)
            to.Int32(0); // throttle
        to.Array(wanted, topic =>
        {
            to.String(topic.Name);
            to.Array(topic.Partitions, partition =>
            {
                var error = judged[next++].Error;
                to.Int32(partition.Index);
                to.Error(error == ErrorCode.None ? stored : error);
            });
        });
    }

    private void Fetch(Request request)
    {
        var (from, to, version) = (request.Body, request.Response, request.Version);
        var group = from.String();
        var wanted = from.NullableArray(t => (Name: t.String(), Partitions: t.Array(p => p.Int32())))
            ?? [.. groups.Offsets.OfGroup(group).GroupBy(pair => pair.Key.Topic).Select(topic => (topic.Key, topic.Select(pair => pair.Key.Partition).ToArray()))];
        if (version >= 3)
            to.Int32(0); // throttle
        to.Array(wanted, topic =>
        {
            to.String(topic.Name);
            to.Array(topic.Partitions, partition =>
            {
                var committed = groups.Offsets.Find(new OffsetKey(group, topic.Name, partition));
                to.Int32(partition);
                to.Int64(committed?.Offset ?? -1);
                if (version >= 5)
                    to.Int32(committed?.LeaderEpoch ?? -1);
                to.String(committed is null ? "" : committed.Metadata);
                to.Error(ErrorCode.None);
            });
        });
        if (version >= 2)
            to.Error(ErrorCode.None);
    }
}

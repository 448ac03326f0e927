namespace CroPlatform.Broker.Apis;

/// <summary>
/// Gives records out, and waits for some where there are too few. Without fetch sessions: every request names all its partitions.
/// </summary>
internal sealed class FetchApi(TopicStore topics, MemoryBudget memory, BrokerOptions options)
{
    private const int MaxWaitMs = 30_000;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis) => apis[ApiKey.Fetch] = FetchAsync;

    private async Task FetchAsync(Request request)
    {
        var from = request.Body;
        _ = from.Int32(); // replica
        var waitMs = Math.Clamp(from.Int32(), 0, MaxWaitMs);
        var minBytes = from.Int32();
        var maxBytes = Math.Clamp(from.Int32(), 0, options.MaxRequestBytes);
        _ = (from.Int8(), from.Int32(since: 7), from.Int32(since: 7)); // isolation: without transactions everything is committed; session
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p =>
        {
            var (index, epoch, offset, _) = (p.Int32(), p.Int32(since: 9), p.Int64(), p.Int64(since: 5)); // the last is a follower's start
            return (Index: index, Epoch: epoch, Offset: offset, MaxBytes: p.Int32());
        })));
        var logs = wanted.SelectMany(t => t.Partitions, (t, p) => topics.Find(t.Name)?.Partition(p.Index)).OfType<PartitionLog>().Distinct().ToArray();
        var begin = request.Response.Length;
        for (var until = Environment.TickCount64 + waitMs; ; request.Response.Length = begin)
        {
            var share = await memory.TakeAsync(maxBytes, request.Gone);
            request.Held.Add(share);
            var seen = logs.Sum(log => log.SeenBytes); // before the reading, so that what comes meanwhile is not missed
            var (bytes, isFinal) = Write(request.Response, wanted, maxBytes);
            if (isFinal || bytes >= minBytes || until <= Environment.TickCount64)
                return;

            share.Dispose(); // others may use it while this one waits
            await GrowthAsync(logs, seen, minBytes - bytes, until, request.Gone);
        }
    }

    /// <summary>Waits until consumers see so much more than they saw, something is gone, or time is up.</summary>
    private static async Task GrowthAsync(PartitionLog[] logs, long seen, long more, long until, CancellationToken gone)
    {
        while (!gone.IsCancellationRequested)
        {
            var change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            foreach (var log in logs)
                log.Watch(change);
            try
            {
                var left = until - Environment.TickCount64;
                var grown = logs.Sum(log => log.SeenBytes) - seen;
                if (left <= 0 || grown >= more || grown < 0 || logs.Any(log => log.HasFailed))
                    return;
                await change.Task.WaitAsync(TimeSpan.FromMilliseconds(left), gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                foreach (var log in logs)
                    log.Unwatch(change);
            }
        }
    }

    /// <returns>How many bytes of records it has, and whether an error makes waiting pointless.</returns>
    private (int Bytes, bool IsFinal) Write(
        WireWriter to, (string Name, (int Index, int Epoch, long Offset, int MaxBytes)[] Partitions)[] wanted, int maxBytes)
    {
        var (total, isFinal) = (0, false);
        to.Throttle().Error(ErrorCode.None, since: 7).Int32(0, since: 7); // no session
        to.Array(wanted, topic => to.String(topic.Name).Array(topic.Partitions, partition =>
        {
            // The records go to their place first; what is said before them is written when it is known.
            var head = to.Length;
            Head(to, partition.Index, default);
            var log = topics.Find(topic.Name)?.Partition(partition.Index);
            var result = log is null ? new ReadResult(ErrorCode.UnknownTopicOrPartition, -1, -1, 0)
                : partition.Epoch > 0 ? new ReadResult(ErrorCode.UnknownLeaderEpoch, -1, -1, 0)
                : log.Read(partition.Offset, Math.Clamp(partition.MaxBytes, 0, Math.Max(maxBytes - total, 0)), atLeastOne: total == 0, to);
            total += result.Bytes;
            isFinal |= result.Error != ErrorCode.None;
            to.Length = head;
            Head(to, partition.Index, result);
            to.Length += result.Bytes;
        }));
        return (total, isFinal);
    }

    private static void Head(WireWriter to, int partition, ReadResult result)
    {
        to.Int32(partition).Error(result.Error).Int64(result.HighWatermark).Int64(result.HighWatermark); // twice: all below is stable
        to.Int64(result.StartOffset, since: 5).Count(-1).Int32(-1, since: 11).Int32(result.Bytes); // no aborted transactions, no other replica
    }
}

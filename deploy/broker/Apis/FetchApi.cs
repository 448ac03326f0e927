using CroPlatform.Broker.Serve;
using CroPlatform.Broker.Store;
using CroPlatform.Broker.Wire;

namespace CroPlatform.Broker.Apis;

/// <summary>
/// Gives records out, and waits for some where there are too few. Without fetch sessions: every request names all its partitions.
/// </summary>
internal sealed class FetchApi(TopicStore topics, MemoryBudget memory, BrokerOptions options)
{
    private const int MaxWaitMs = 30_000;
    private const int PerPartitionHead = 64;

    public void AddTo(Dictionary<ApiKey, Func<Request, Task>> apis) => apis[ApiKey.Fetch] = FetchAsync;

    private async Task FetchAsync(Request request)
    {
        var (from, version) = (request.Body, request.Version);
        _ = from.Int32(); // replica
        var waitMs = Math.Clamp(from.Int32(), 0, MaxWaitMs);
        var minBytes = from.Int32();
        var maxBytes = Math.Clamp(from.Int32(), 0, options.MaxRequestBytes);
        _ = from.Int8(); // isolation: without transactions everything is committed
        if (version >= 7)
            _ = (from.Int32(), from.Int32()); // session
        var wanted = from.Array(t => (Name: t.String(), Partitions: t.Array(p =>
        {
            var index = p.Int32();
            var epoch = version >= 9 ? p.Int32() : -1;
            var offset = p.Int64();
            if (version >= 5)
                _ = p.Int64(); // a follower's start
            return (Index: index, Epoch: epoch, Offset: offset, MaxBytes: p.Int32());
        })));
        if (version >= 7)
            from.Array(t => (t.String(), t.Array(p => p.Int32()))); // forgotten by a session
        if (version >= 11)
            _ = from.String(); // rack

        var logs = wanted.SelectMany(t => t.Partitions.Select(p => topics.Find(t.Name)?.Partition(p.Index))).OfType<PartitionLog>().Distinct().ToArray();
        var until = Environment.TickCount64 + waitMs;
        var begin = request.Response.Length;
        while (true)
        {
            // Before the reading, so that what comes between it and the waiting is not missed.
            var more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            foreach (var log in logs)
                log.Watch(more);
            try
            {
                var share = await memory.TakeAsync(maxBytes, request.Gone);
                request.Hold(share);
                var (bytes, isFinal) = Write(request, wanted, maxBytes);
                var left = until - Environment.TickCount64;
                if (isFinal || bytes >= minBytes || left <= 0)
                    return;

                share.Dispose(); // others may use it while this one waits
                await more.Task.WaitAsync(TimeSpan.FromMilliseconds(left), request.Gone);
            }
            catch (TimeoutException)
            {
                // The last look is made below.
            }
            finally
            {
                foreach (var log in logs)
                    log.Unwatch(more);
            }

            request.Response.Rewind(begin);
        }
    }

    /// <returns>How many bytes of records it has, and whether an error makes waiting pointless.</returns>
    private (int Bytes, bool IsFinal) Write(Request request, (string Name, (int Index, int Epoch, long Offset, int MaxBytes)[] Partitions)[] wanted, int maxBytes)
    {
        var (to, version, total, isFinal) = (request.Response, request.Version, 0, false);
        to.Int32(0); // throttle
        if (version >= 7)
        {
            to.Error(ErrorCode.None);
            to.Int32(0); // no session
        }

        to.Array(wanted, topic =>
        {
            to.String(topic.Name);
            var found = topics.Find(topic.Name);
            to.Array(topic.Partitions, partition =>
            {
                var head = to.Length;
                to.Room(PerPartitionHead)[..PerPartitionHead].Clear();
                var at = head + 4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0) + 4 + (version >= 11 ? 4 : 0);
                to.Advance(at - head + 4);
                var result = found?.Partition(partition.Index) is not { } log ? new ReadResult(ErrorCode.UnknownTopicOrPartition, -1, -1, 0)
                    : partition.Epoch > 0 ? new ReadResult(ErrorCode.UnknownLeaderEpoch, -1, -1, 0)
                    : log.Read(partition.Offset, Math.Clamp(partition.MaxBytes, 0, maxBytes - Math.Min(total, maxBytes)), atLeastOne: total == 0, to);
                total += result.Bytes;
                isFinal |= result.Error != ErrorCode.None;
                var end = to.Length;
                to.Rewind(head);
                to.Int32(partition.Index);
                to.Error(result.Error);
                to.Int64(result.HighWatermark);
                to.Int64(result.HighWatermark); // last stable offset
                if (version >= 5)
                    to.Int64(result.StartOffset);
                to.Count(-1); // aborted transactions
                if (version >= 11)
                    to.Int32(-1); // preferred replica
                to.Int32(result.Bytes);
                to.Advance(end - to.Length);
            });
        });
        return (total, isFinal);
    }
}

namespace CroPlatform.Broker.Store;

/// <summary>
/// The threads that sync. While one sync of a partition runs, further appends to it gather for the next one; partitions sync side by
/// side, which a journaling file system joins into one commit.
/// </summary>
internal sealed class FlushQueue : IDisposable
{
    private const int Threads = 8;

    // A null ends one thread.
    private readonly BlockingCollection<PartitionLog?> _queue = [];
    private readonly List<Thread> _threads = [.. Enumerable.Range(0, Threads).Select(i => new Thread(Run) { IsBackground = true })];

    public FlushQueue() => _threads.ForEach(thread => thread.Start(_queue));

    public void Add(PartitionLog log) => _queue.Add(log);

    /// <summary>What was added since then is left: each log syncs when it is disposed.</summary>
    public void Dispose()
    {
        _threads.ForEach(_ => _queue.Add(null));
        _threads.ForEach(thread => thread.Join());
        _queue.Dispose();
    }

    private static void Run(object? queue)
    {
        while (((BlockingCollection<PartitionLog?>)queue!).Take() is { } log)
            log.Flush();
    }
}

namespace CroPlatform.Broker.Store;

/// <summary>
/// The threads that sync. While one sync of a partition runs, further appends to it gather for the next one; partitions sync side by
/// side, which a journaling file system joins into one commit.
/// </summary>
internal sealed class FlushQueue : IDisposable
{
    private const int Threads = 8;

    // Monitor sleeps at once; a collection that spins first took a third of the broker's time.
    private readonly Queue<PartitionLog?> _queue = [];
    private readonly List<Thread> _threads;

    public FlushQueue()
    {
        _threads = [.. Enumerable.Range(0, Threads).Select(i => new Thread(Run) { IsBackground = true })];
        _threads.ForEach(thread => thread.Start());
    }

    /// <param name="log">Null ends one thread.</param>
    public void Add(PartitionLog? log)
    {
        lock (_queue)
        {
            _queue.Enqueue(log);
            Monitor.Pulse(_queue);
        }
    }

    /// <summary>What was added since then is left: each log syncs when it is disposed.</summary>
    public void Dispose()
    {
        _threads.ForEach(_ => Add(null));
        _threads.ForEach(thread => thread.Join());
    }

    private PartitionLog? Take()
    {
        lock (_queue)
        {
            while (_queue.Count == 0)
                Monitor.Wait(_queue);
            return _queue.Dequeue();
        }
    }

    private void Run()
    {
        while (Take() is { } log)
            log.Flush();
    }
}

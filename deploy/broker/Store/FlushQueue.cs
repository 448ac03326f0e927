using System.Collections.Concurrent;

namespace CroPlatform.Broker.Store;

/// <summary>
/// The threads that sync. While one sync of a partition runs, further appends to it gather for the next one; partitions sync side by
/// side, which a journaling file system joins into one commit.
/// </summary>
internal sealed class FlushQueue : IDisposable
{
    private const int Threads = 8;

    private readonly BlockingCollection<PartitionLog> _queue = [];
    private readonly Thread[] _threads;

    public FlushQueue()
    {
        _threads = [.. Enumerable.Range(0, Threads).Select(i => new Thread(Run) { IsBackground = true, Name = $"sync {i}" })];
        foreach (var thread in _threads)
            thread.Start();
    }

    public void Add(PartitionLog log)
    {
        try
        {
            _queue.Add(log);
        }
        catch (InvalidOperationException)
        {
            // Ended: the log syncs when it is disposed.
        }
    }

    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
            thread.Join();
        _queue.Dispose();
    }

    private void Run()
    {
        foreach (var log in _queue.GetConsumingEnumerable())
            log.Flush();
    }
}

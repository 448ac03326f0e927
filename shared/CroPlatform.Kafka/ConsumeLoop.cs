using System.Diagnostics;
using Confluent.Kafka;
using CroPlatform.Contracts;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Kafka;

/// <summary>One partition's state while this process owns it. Called by one caller at a time.</summary>
public interface IPartitionState
{
    /// <summary>Takes records in, in memory. Their offsets are stored by the next checkpoint.</summary>
    Task FoldAsync(IReadOnlyList<ConsumeResult<byte[], byte[]>> records, CancellationToken ct);

    /// <summary>Called between batches, also when none came.</summary>
    Task TickAsync(CancellationToken ct);

    /// <summary>Whether a checkpoint would store anything.</summary>
    bool IsDirty { get; }

    /// <summary>Stores state, dead letters and the next offset in one transaction.</summary>
    /// <returns>The offset of the first record that is not stored.</returns>
    Task<long> CheckpointAsync(CancellationToken ct);
}

/// <summary>Opens a partition: claims it, and says where to read on.</summary>
public interface IPartitionStore
{
    Task<(IPartitionState State, long Next)> OpenAsync(TopicPartition partition, string logId, CancellationToken ct);
}

public sealed record ConsumeOptions
{
    public required Topic Topic { get; init; }
    public required string GroupId { get; init; }

    /// <summary>Records folded at once.</summary>
    public int MaxBatch { get; init; } = 5_000;

    /// <summary>How long a batch waits for more.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>From the start of one checkpoint to that of the next.</summary>
    public TimeSpan CheckpointEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Records after which a checkpoint is made before its time.</summary>
    public int CheckpointRecords { get; init; } = 50_000;
}

/// <summary>
/// The one consume loop: micro-batches folded in memory, a checkpoint by time or size, seek to the stored offset on assignment, flush on
/// revocation, drop on loss. Any fault drops everything in memory and starts over from what is stored, which is exact, so no fault needs
/// handling of its own. A log that was cut before our offset stops the loop with an alarm: nothing is skipped silently.
/// </summary>
public sealed partial class ConsumeLoop(KafkaOptions kafka, Cluster cluster, ConsumeOptions options, IPartitionStore store, ILogger logger)
{
    // Fewer, larger fetches, each of which may wait for FetchWaitMaxMs: a batch lingers anyway.
    private const int FetchMinBytes = 64 * 1_024;

    private static readonly TimeSpan LogCheck = TimeSpan.FromSeconds(2);

    private readonly Dictionary<int, IPartitionState> _open = [];
    private string _logId = "";
    private int _sinceCheckpoint;

    /// <summary>Told whenever the loop starts (null) or stops working (why).</summary>
    public event Action<string?>? StateChanged;

    /// <summary>Runs until cancelled, then flushes. Blocks the thread.</summary>
    public void Run(CancellationToken stop)
    {
        var backoff = TimeSpan.FromMilliseconds(250);
        while (!stop.IsCancellationRequested)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                Consume(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (StartOverException e)
            {
                LogStartOver(options.Topic.Name, e.Message);
            }
            catch (Exception e)
            {
                StateChanged?.Invoke(e.Message);
                LogRestart(options.Topic.Name, e);
                backoff = Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(30) ? TimeSpan.FromMilliseconds(250) : backoff * 2;
                if (backoff > TimeSpan.FromSeconds(5)) backoff = TimeSpan.FromSeconds(5);
                stop.WaitHandle.WaitOne(backoff);
            }
        }
    }

    private void Consume(CancellationToken stop)
    {
        _open.Clear();
        _sinceCheckpoint = 0;
        _logId = Wait(cluster.LogIdAsync(options.Topic));
        var config = kafka.Consumer($"cro-{options.GroupId}", options.GroupId);
        config.FetchMinBytes = FetchMinBytes;
        using var consumer = new ConsumerBuilder<byte[], byte[]>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, error) => LogClient(error.Reason))
            .SetPartitionsAssignedHandler((_, partitions) => partitions.Select(p => Open(p, stop)).ToList())
            .SetPartitionsRevokedHandler((c, partitions) => Release(c, partitions.ConvertAll(p => p.TopicPartition)))
            .SetPartitionsLostHandler((_, partitions) => partitions.ForEach(p => _open.Remove(p.Partition.Value)))
            .Build();
        consumer.Subscribe(options.Topic.Name);
        try
        {
            StateChanged?.Invoke(null);
            Loop(consumer, stop);
            Checkpoint(consumer);
        }
        catch
        {
            // What is in memory is behind or beyond repair: closing must not flush it.
            _open.Clear();
            throw;
        }
        finally
        {
            consumer.Close();
        }
    }

    private void Loop(IConsumer<byte[], byte[]> consumer, CancellationToken stop)
    {
        var batch = new List<ConsumeResult<byte[], byte[]>>(options.MaxBatch);
        var (checkpointAt, took, logCheckAt) = (Stopwatch.GetTimestamp(), TimeSpan.Zero, Stopwatch.GetTimestamp());
        while (!stop.IsCancellationRequested)
        {
            var patience = options.Linger;
            while (batch.Count < options.MaxBatch && consumer.Consume(patience) is { } record)
            {
                batch.Add(record);
                patience = TimeSpan.Zero;
            }

            Fold(batch, stop);
            _sinceCheckpoint += batch.Count;
            batch.Clear();
            // Checkpoints that take long get half of the time at most.
            var period = took * 2 > options.CheckpointEvery ? took * 2 : options.CheckpointEvery;
            if (_sinceCheckpoint >= options.CheckpointRecords || Stopwatch.GetElapsedTime(checkpointAt) >= period)
            {
                checkpointAt = Stopwatch.GetTimestamp();
                Checkpoint(consumer);
                took = Stopwatch.GetElapsedTime(checkpointAt);
            }

            if (Stopwatch.GetElapsedTime(logCheckAt) < LogCheck) continue;
            logCheckAt = Stopwatch.GetTimestamp();
            if (Wait(cluster.LogIdAsync(options.Topic)) != _logId) throw new InvalidOperationException("the topic was made anew; starting over on its log");
        }
    }

    private void Fold(List<ConsumeResult<byte[], byte[]>> batch, CancellationToken stop)
    {
        var work = batch.GroupBy(r => r.Partition.Value).Where(g => _open.ContainsKey(g.Key))
            .Select(g => Task.Run(() => _open[g.Key].FoldAsync(g.ToList(), stop), stop)).ToArray();
        Wait(Task.WhenAll(work));
        foreach (var state in _open.Values) Wait(state.TickAsync(stop));
    }

    /// <summary>Stores what is in memory. Not cancellable: half a flush at shutdown would only be work done twice.</summary>
    private void Checkpoint(IConsumer<byte[], byte[]> consumer)
    {
        var dirty = _open.Where(p => p.Value.IsDirty).ToArray();
        var stored = Wait(Task.WhenAll(dirty.Select(p => Task.Run(() => p.Value.CheckpointAsync(CancellationToken.None)))));
        _sinceCheckpoint = 0;
        Show(consumer, dirty.Zip(stored, (p, next) => new TopicPartitionOffset(options.Topic.Name, p.Key, next)).ToList());
    }

    private TopicPartitionOffset Open(TopicPartition partition, CancellationToken stop)
    {
        var (state, next) = Wait(store.OpenAsync(partition, _logId, stop));
        _open[partition.Partition.Value] = state;
        LogOpened(partition.Topic, partition.Partition.Value, next);
        return new TopicPartitionOffset(partition, next);
    }

    private void Release(IConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions)
    {
        var stored = new List<TopicPartitionOffset>();
        foreach (var partition in partitions)
        {
            if (!_open.Remove(partition.Partition.Value, out var state) || !state.IsDirty) continue;
            stored.Add(new TopicPartitionOffset(partition, Wait(state.CheckpointAsync(CancellationToken.None))));
        }

        Show(consumer, stored);
    }

    /// <summary>Tells the broker how far we are: for lag displays, never read back.</summary>
    private void Show(IConsumer<byte[], byte[]> consumer, List<TopicPartitionOffset> offsets)
    {
        if (offsets.Count == 0) return;
        KillPoint.Pass(KillPoint.BeforeBrokerCommit);
        try
        {
            consumer.Commit(offsets);
        }
        catch (KafkaException e)
        {
            LogClient(e.Error.Reason);
        }
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    [LoggerMessage(Level = LogLevel.Information, Message = "{Topic}/{Partition}: reading on at {Next}")]
    private partial void LogOpened(string topic, int partition, long next);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Topic}: reading again from what is stored: {Reason}")]
    private partial void LogStartOver(string topic, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Topic}: starting over from what is stored")]
    private partial void LogRestart(string topic, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "kafka: {Reason}")]
    private partial void LogClient(string reason);
}

/// <summary>A partition's stored offset was moved on purpose: what is in memory is dropped, and the loop reads on from there.</summary>
public sealed class StartOverException(string reason) : Exception(reason);

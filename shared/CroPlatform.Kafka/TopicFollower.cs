using Confluent.Kafka;
using CroPlatform.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>
/// Reads all of a topic of one partition and keeps up with it, for state that every instance holds in memory. It has caught up once it has
/// read to the end that stood at its start; a topic made anew is read from its beginning on top of what is known.
/// </summary>
public abstract partial class TopicFollower(Topic topic, IOptions<KafkaOptions> options, Cluster cluster, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan LogCheck = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _heardAt = Environment.TickCount64;

    public bool HasCaughtUp => _caughtUp.Task.IsCompletedSuccessfully;

    public Task CaughtUp => _caughtUp.Task;

    /// <summary>How long the broker has not been heard of: the bound of how stale the state may be.</summary>
    public TimeSpan Staleness => TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _heardAt));

    /// <summary>Takes one record in, on the reading thread. An exception other than those of a broken record stops the service.</summary>
    /// <exception cref="FormatException">The record is none of this topic's.</exception>
    protected abstract void Apply(byte[] value);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Factory.StartNew(
        () => Run(stoppingToken), stoppingToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                ReadLog(stop);
            }
            catch (Exception e) when (e is KafkaException or InvalidOperationException)
            {
                LogRetry(topic.Name, e.Message);
                stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
            }
        }
    }

    /// <summary>Reads one log from its beginning until it is replaced by another.</summary>
    private void ReadLog(CancellationToken stop)
    {
        var logId = cluster.LogIdAsync(topic).GetAwaiter().GetResult();
        var config = options.Value.Consumer("cro-follower", "cro-follower-unused");
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        var partition = new TopicPartition(topic.Name, 0);
        var end = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(5)).High.Value;
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        var next = 0L;
        var checkedAt = Environment.TickCount64;
        while (!stop.IsCancellationRequested)
        {
            if (next >= end) _caughtUp.TrySetResult();
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } result)
            {
                Apply(result);
                next = result.Offset.Value + 1;
            }
            else if (Environment.TickCount64 - checkedAt > LogCheck.TotalMilliseconds)
            {
                if (cluster.LogIdAsync(topic).GetAwaiter().GetResult() != logId)
                {
                    LogNewLog(topic.Name);
                    return;
                }

                checkedAt = Environment.TickCount64;
                Volatile.Write(ref _heardAt, checkedAt);
            }
        }
    }

    private void Apply(ConsumeResult<Ignore, byte[]> result)
    {
        try
        {
            Apply(result.Message.Value ?? []);
            Volatile.Write(ref _heardAt, Environment.TickCount64);
        }
        catch (FormatException e)
        {
            LogPoison(topic.Name, result.Offset.Value, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic}: {Reason}; trying again")]
    private partial void LogRetry(string topic, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic} is a new log; reading it from its beginning")]
    private partial void LogNewLog(string topic);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Topic}: the record at offset {Offset} was passed over: {Reason}")]
    private partial void LogPoison(string topic, long offset, string reason);
}

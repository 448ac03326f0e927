using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Experiments;
using CroPlatform.Experimentation.Configuration;
using Google.Protobuf;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>
/// Reads all of cro.experiments.v1 and keeps up with it. Readers take <see cref="Current"/>, one immutable snapshot. It has caught up once
/// it has read to the end that stood at its start; a topic made anew is read from its beginning on top of what is known.
/// </summary>
public sealed partial class CatalogReader(IOptions<KafkaOptions> options, Cluster cluster, ILogger<CatalogReader> logger) : BackgroundService
{
    private static readonly Topic Topic = Topics.All.Single(t => t.Name == Topics.Experiments);
    private static readonly TimeSpan LogCheck = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Catalog _current = Catalog.Empty;
    private long _heardAt = Environment.TickCount64;

    public Catalog Current => _current;

    public bool HasCaughtUp => _caughtUp.Task.IsCompletedSuccessfully;

    public Task CaughtUp => _caughtUp.Task;

    /// <summary>How long the broker has not been heard of: the bound of how stale <see cref="Current"/> may be.</summary>
    public TimeSpan Staleness => TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _heardAt));

    /// <summary>Raised after each change, on the reading thread: be quick.</summary>
    public event Action<Catalog, ConfigurationRecord>? Changed;

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
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is KafkaException or InvalidOperationException)
            {
                LogRetry(e.Message);
                stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
            }
        }
    }

    /// <summary>Reads one log from its beginning until it is replaced by another.</summary>
    private void ReadLog(CancellationToken stop)
    {
        var logId = cluster.LogIdAsync(Topic).GetAwaiter().GetResult();
        var config = options.Value.Consumer("cro-catalog", "cro-catalog-unused");
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        var partition = new TopicPartition(Topic.Name, 0);
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
                if (cluster.LogIdAsync(Topic).GetAwaiter().GetResult() != logId)
                {
                    LogNewLog();
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
            var record = ConfigurationRecord.Parser.ParseFrom(result.Message.Value);
            _current = _current.With(record);
            Volatile.Write(ref _heardAt, Environment.TickCount64);
            Changed?.Invoke(_current, record);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or ArgumentException or IndexOutOfRangeException)
        {
            LogPoison(result.Offset.Value, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "catalog: {Reason}; trying again")]
    private partial void LogRetry(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "catalog: the topic is a new one; reading it from its beginning")]
    private partial void LogNewLog();

    [LoggerMessage(Level = LogLevel.Error, Message = "catalog: the record at offset {Offset} is no configuration and was passed over: {Reason}")]
    private partial void LogPoison(long offset, string reason);
}

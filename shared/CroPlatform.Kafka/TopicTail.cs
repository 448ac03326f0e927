using System.Collections.Immutable;
using Confluent.Kafka;
using CroPlatform.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>
/// New records of a topic, for whoever listens now; nothing is remembered and nothing is read while nobody listens. One consumer serves all
/// listeners. For display only: records that come while the log is away are not shown afterwards.
/// </summary>
public sealed partial class TopicTail(Topic topic, IOptions<KafkaOptions> options, ILogger<TopicTail> logger) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private ImmutableArray<Action<byte[]>> _listeners = [];
    private TaskCompletionSource? _reading;

    /// <summary>Completes once every record from then on will be given to <paramref name="take"/>, on the reading thread: be quick.</summary>
    /// <returns>Ends listening.</returns>
    public async Task<IDisposable> ListenAsync(Action<byte[]> take, CancellationToken ct)
    {
        Task reading;
        lock (_lock)
        {
            _listeners = _listeners.Add(take);
            if (_reading is null)
            {
                _reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _ = Task.Factory.StartNew(Run, _stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            reading = _reading.Task;
        }

        var listener = new Listener(this, take);
        try
        {
            await reading.WaitAsync(ct);
            return listener;
        }
        catch (OperationCanceledException)
        {
            listener.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private void Run()
    {
        var stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!Read(stop)) return;
            }
            catch (KafkaException e)
            {
                LogRetry(topic.Name, e.Message);
                stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(500));
            }
        }
    }

    /// <returns>False once nobody listens any more.</returns>
    private bool Read(CancellationToken stop)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(options.Value.Consumer("cro-tail", "cro-tail-unused"))
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, topic.Partitions).Select(p =>
        {
            var partition = new TopicPartition(topic.Name, p);
            return new TopicPartitionOffset(partition, consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(5)).High);
        }));
        lock (_lock) _reading!.TrySetResult();
        while (!stop.IsCancellationRequested)
        {
            ImmutableArray<Action<byte[]>> listeners;
            lock (_lock)
            {
                listeners = _listeners;
                if (listeners.IsEmpty)
                {
                    _reading = null;
                    return false;
                }
            }

            if (consumer.Consume(TimeSpan.FromMilliseconds(100))?.Message.Value is not { } value) continue;
            foreach (var take in listeners) take(value);
        }

        return false;
    }

    private sealed class Listener(TopicTail tail, Action<byte[]> take) : IDisposable
    {
        public void Dispose()
        {
            lock (tail._lock) tail._listeners = tail._listeners.Remove(take);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic}: {Reason}; trying again")]
    private partial void LogRetry(string topic, string reason);
}

using System.Diagnostics;
using Confluent.Kafka;

namespace CroPlatform.Kafka;

/// <summary>One client of librdkafka, from its making to its first fatal error.</summary>
internal sealed class ProducerClient : IDisposable
{
    // Reports of what is still under way; nobody waits for them any more once the client has failed.
    private static readonly TimeSpan LastReports = TimeSpan.FromSeconds(10);

    private readonly IProducer<byte[], byte[]> _producer;
    private readonly long _made = Stopwatch.GetTimestamp();
    private readonly Action<ProducerClient> _onFailure;
    private readonly CancellationTokenSource _failed = new();
    private string? _failure;

    /// <param name="onFailure">Told once.</param>
    public ProducerClient(ProducerConfig config, Action<ProducerClient> onFailure)
    {
        _onFailure = onFailure;
        _producer = new ProducerBuilder<byte[], byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, error) => Note(error)).Build();
    }

    public TimeSpan Age => Stopwatch.GetElapsedTime(_made);

    /// <summary>The fatal error, or null.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    public CancellationToken Failed => _failed.Token;

    /// <exception cref="ProduceException{TKey,TValue}">The queue is full, or the client has failed.</exception>
    public void Produce(string topic, Message<byte[], byte[]> message, Action<DeliveryReport<byte[], byte[]>> report)
    {
        try
        {
            _producer.Produce(topic, message, report);
        }
        catch (ProduceException<byte[], byte[]> e)
        {
            Note(e.Error);
            throw;
        }
    }

    public void Dispose()
    {
        if (Failure is null) _producer.Flush(LastReports);
        _producer.Dispose();
    }

    private void Note(Error error)
    {
        if (!error.IsFatal && error.Code != ErrorCode.Local_Fatal) return;
        if (Interlocked.CompareExchange(ref _failure, $"the producer failed: {error.Reason}", null) is not null) return;

        // Not on librdkafka's thread: those who wait go on from here, and the client is closed.
        _ = Task.Run(() =>
        {
            _failed.Cancel();
            _onFailure(this);
        });
    }
}

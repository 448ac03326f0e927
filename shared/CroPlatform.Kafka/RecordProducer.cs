using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Confluent.Kafka;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>A record to be written. A null key spreads over partitions.</summary>
public readonly record struct Outgoing(string? Key, IMessage Value);

/// <summary>
/// The only producer: idempotent, acknowledged by all in-sync replicas, bounded. Sends everything of a call, then waits for all of it.
/// </summary>
public sealed class RecordProducer : IDisposable
{
    public static readonly ActivitySource Source = new("CroPlatform.Kafka");

    private readonly IProducer<byte[], byte[]> _producer;
    private readonly Counter<long> _records;

    public RecordProducer(IOptions<KafkaOptions> options, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        _producer = new ProducerBuilder<byte[], byte[]>(options.Value.Producer($"cro-{AppDomain.CurrentDomain.FriendlyName}"))
            .SetLogHandler((_, _) => { }).Build();
        _records = meters.Create("CroPlatform.Kafka").CreateCounter<long>("cro.kafka.produced", "{record}", "Records by what became of them.");
    }

    /// <summary>Writes one record and returns once the log has it.</summary>
    /// <exception cref="LogUnavailableException">It was not acknowledged in time; it may or may not be in the log.</exception>
    public Task ProduceAsync(string topic, string? key, IMessage value, CancellationToken ct = default) => ProduceAsync(topic, [new Outgoing(key, value)], ct);

    /// <summary>Writes records and returns once the log has all of them, in the order given within a partition.</summary>
    /// <exception cref="LogUnavailableException">At least one was not acknowledged in time; any of them may be in the log.</exception>
    public async Task ProduceAsync(string topic, IReadOnlyList<Outgoing> records, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        if (records.Count == 0) return;
        using var activity = Source.StartActivity($"publish {topic}", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "kafka").SetTag("messaging.destination.name", topic).SetTag("messaging.batch.message_count", records.Count);
        var trace = Activity.Current?.Id is { } id ? Encoding.ASCII.GetBytes(id) : null;
        var acknowledged = new Acknowledgement(records.Count);
        Action<DeliveryReport<byte[], byte[]>> report = acknowledged.Report;
        try
        {
            Confluent.Kafka.Headers? headers = null;
            for (var i = 0; i < records.Count; i++)
            {
                // Headers are only read, so records of one kind share theirs.
                if (headers is null || records[i].Value.Descriptor != records[i - 1].Value.Descriptor) headers = Headers(records[i].Value, trace);
                _producer.Produce(topic, Message(records[i], headers), report);
            }
        }
        catch (ProduceException<byte[], byte[]> e)
        {
            _records.Add(records.Count, new KeyValuePair<string, object?>("outcome", "refused"));
            throw new LogUnavailableException($"{topic}: {e.Error.Reason}", e);
        }

        var error = await acknowledged.Task.WaitAsync(ct);
        _records.Add(records.Count, new KeyValuePair<string, object?>("outcome", error is null ? "acknowledged" : "refused"));
        if (error is not null) throw new LogUnavailableException($"{topic}: {error.Reason}");
    }

    public void Dispose()
    {
        _producer.Flush(TimeSpan.FromSeconds(10));
        _producer.Dispose();
    }

    private static Confluent.Kafka.Headers Headers(IMessage value, byte[]? trace)
    {
        var headers = new Confluent.Kafka.Headers { { Contracts.Headers.Message, MessageName.Of(value) } };
        if (trace is not null) headers.Add(Contracts.Headers.TraceParent, trace);
        return headers;
    }

    private static Message<byte[], byte[]> Message(Outgoing record, Confluent.Kafka.Headers headers) => new()
    {
        Key = record.Key is null ? null! : Encoding.UTF8.GetBytes(record.Key),
        Value = record.Value.ToByteArray(),
        Headers = headers,
    };

    /// <summary>Counts a call's delivery reports down; its result is the first error, or null.</summary>
    private sealed class Acknowledgement(int count)
    {
        private readonly TaskCompletionSource<Error?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = count;
        private Error? _error;

        public Task<Error?> Task => _done.Task;

        public void Report(DeliveryReport<byte[], byte[]> report)
        {
            if (report.Error.IsError) Interlocked.CompareExchange(ref _error, report.Error, null);
            if (Interlocked.Decrement(ref _left) == 0) _done.TrySetResult(_error);
        }
    }

    private static class MessageName
    {
        private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Names = new();

        public static byte[] Of(IMessage message) => Names.GetOrAdd(message.Descriptor.FullName, Encoding.ASCII.GetBytes);
    }
}

/// <summary>The log did not acknowledge in time. What was sent may or may not be in it: only a retry with the same ids is safe.</summary>
public sealed class LogUnavailableException : Exception
{
    public LogUnavailableException(string message)
        : base(message)
    {
    }

    public LogUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Confluent.Kafka;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Kafka;

/// <summary>A record to be written. A null key spreads over partitions.</summary>
public readonly record struct Outgoing(string? Key, IMessage Value);

/// <summary>
/// The only producer: idempotent, acknowledged by all in-sync replicas, bounded. Sends everything of a call, then waits for all of it. After an
/// error that librdkafka calls fatal its client never sends again: then all who wait are refused, and another client takes its place.
/// </summary>
public sealed partial class RecordProducer : IDisposable
{
    public static readonly ActivitySource Source = new("CroPlatform.Kafka");

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A client that worked for so long had recovered; the next failure is a new one.</summary>
    private static readonly TimeSpan Recovered = TimeSpan.FromMinutes(1);

    private readonly KafkaOptions _options;
    private readonly ILogger<RecordProducer> _logger;
    private readonly Counter<long> _records;
    private long _waiting;
    private readonly Counter<long> _rebuilds;
    private readonly CancellationTokenSource _disposed = new();
    private volatile ProducerClient _client;
    private TimeSpan _pause = ShortestPause;

    public RecordProducer(IOptions<KafkaOptions> options, IMeterFactory meters, ILogger<RecordProducer> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        (_options, _logger) = (options.Value, logger);
        var meter = meters.Create("CroPlatform.Kafka");
        _records = meter.CreateCounter<long>("cro.kafka.produced", "{record}", "Records: acknowledged or refused by the log, not_taken by the client (its queue is full, or it failed), given_up by who waited.");
        meter.CreateObservableGauge("cro.kafka.producer.waiting", () => Volatile.Read(ref _waiting), "{record}", "Records that wait for the log's acknowledgement.");
        _rebuilds = meter.CreateCounter<long>("cro.kafka.producer.rebuilds", "{client}", "Producer clients made anew after a fatal error.");
        _client = NewClient();
    }

    /// <summary>Why nothing can be written now, or null: set from a fatal error until another client has taken over.</summary>
    public string? Trouble => _client.Failure;

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
        var client = _client;
        Interlocked.Add(ref _waiting, records.Count);
        string? refusal;
        var outcome = "given_up";
        try
        {
            refusal = Send(client, topic, records, out var acknowledged);
            if (refusal is not null)
            {
                outcome = "not_taken";
            }
            else
            {
                refusal = await WaitAsync(client, acknowledged, ct);
                outcome = refusal is null ? "acknowledged" : "refused";
            }
        }
        finally
        {
            Interlocked.Add(ref _waiting, -records.Count);
            _records.Add(records.Count, new KeyValuePair<string, object?>("outcome", outcome));
        }

        if (refusal is not null) throw new LogUnavailableException($"{topic}: {refusal}");
    }

    public void Dispose()
    {
        _disposed.Cancel();
        _client.Dispose();
        _disposed.Dispose();
    }

    /// <returns>Why the client does not take them, or null.</returns>
    private static string? Send(ProducerClient client, string topic, IReadOnlyList<Outgoing> records, out Acknowledgement acknowledged)
    {
        acknowledged = new Acknowledgement(records.Count);
        if (client.Failure is { } failure) return failure;
        var trace = Activity.Current?.Id is { } id ? Encoding.ASCII.GetBytes(id) : null;
        Action<DeliveryReport<byte[], byte[]>> report = acknowledged.Report;
        try
        {
            Confluent.Kafka.Headers? headers = null;
            for (var i = 0; i < records.Count; i++)
            {
                // Headers are only read, so records of one kind share theirs.
                if (headers is null || records[i].Value.Descriptor != records[i - 1].Value.Descriptor) headers = Headers(records[i].Value, trace);
                client.Produce(topic, Message(records[i], headers), report);
            }

            return null;
        }
        catch (ProduceException<byte[], byte[]> e)
        {
            return e.Error.Reason;
        }
        catch (ObjectDisposedException)
        {
            return client.Failure ?? "the producer is closed";
        }
    }

    /// <returns>Why the log may not have all of it, or null.</returns>
    private static async Task<string?> WaitAsync(ProducerClient client, Acknowledgement acknowledged, CancellationToken ct)
    {
        using var either = ct.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(ct, client.Failed) : null;
        try
        {
            return (await acknowledged.Task.WaitAsync(either?.Token ?? client.Failed))?.Reason;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // A client that failed may never report: what it was given is refused at once.
            return client.Failure;
        }
    }

    private ProducerClient NewClient() => new(_options.Producer($"cro-{AppDomain.CurrentDomain.FriendlyName}"), failed => _ = RebuildAsync(failed));

    private async Task RebuildAsync(ProducerClient failed)
    {
        if (failed.Age > Recovered) _pause = ShortestPause;
        LogFatal(failed.Failure!, _pause.TotalMilliseconds);
        try
        {
            await Task.Delay(_pause, _disposed.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        _client = NewClient();
        _rebuilds.Add(1);
        failed.Dispose();
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

    [LoggerMessage(Level = LogLevel.Error, Message = "the producer failed for good: {Reason}; another takes its place in {PauseMs} ms")]
    private partial void LogFatal(string reason, double pauseMs);
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

using System.Collections.Concurrent;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CroPlatform.Broker.Tests;

/// <param name="Acknowledged">Records the producers were told are in the log.</param>
/// <param name="Faults">What must not be; empty if all held.</param>
internal sealed record KillResult(int Kills, long Acknowledged, long Found, TimeSpan SlowestStart, IReadOnlyList<string> Faults);

/// <summary>
/// Kills a broker under load, again and again, and keeps a ledger: where each record was acknowledged, what a consumer saw where, and which
/// offsets were committed. Two idempotent producers send on through all of it.
/// </summary>
internal sealed class KillRun(BrokerProcess broker, int kills, int seed)
{
    private const string Topic = "kills";
    private const string Group = "kills";
    private const int Partitions = 4;
    private const int Producers = 2;
    private const int PerSecond = 4_000;

    private readonly ConcurrentDictionary<(int Partition, long Offset), string> _acknowledged = new();
    private readonly ConcurrentDictionary<(int Partition, long Offset), string> _seen = new();
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly CancellationTokenSource _stop = new();
    private long _committed = -1;

    public async Task<KillResult> RunAsync()
    {
        var random = new Random(seed);
        await broker.StartAsync();
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = broker.Bootstrap }).Build())
            await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
        var producing = Enumerable.Range(0, Producers).Select(Produce).ToArray();
        var consuming = Task.Factory.StartNew(Consume, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var slowest = TimeSpan.Zero;
        for (var kill = 0; kill < kills; kill++)
        {
            // Not before something came through since the last one, so that every kill finds work under way.
            var before = _acknowledged.Count;
            for (var wait = 0; _acknowledged.Count == before && wait < 3_000; wait++)
                await Task.Delay(10);
            await Task.Delay(random.Next(400));
            broker.Kill();
            var took = await broker.StartAsync();
            slowest = took > slowest ? took : slowest;
        }

        await _stop.CancelAsync();
        await Task.WhenAll(producing);
        await consuming;
        var found = Check();
        return new KillResult(kills, _acknowledged.Count, found, slowest, [.. _faults.Distinct().Take(20)]);
    }

    private Task Produce(int number) => Task.Factory.StartNew(
        () =>
        {
            using var producer = new ProducerBuilder<Null, string>(new ProducerConfig
            {
                BootstrapServers = broker.Bootstrap,
                EnableIdempotence = true,
                MessageTimeoutMs = 300_000,
                LingerMs = 2,
                CompressionType = CompressionType.Lz4,
                ReconnectBackoffMs = 20,
                ReconnectBackoffMaxMs = 200,
            }).SetLogHandler((_, _) => { }).SetErrorHandler((_, error) =>
            {
                if (error.IsFatal)
                    _faults.Enqueue($"producer {number}: {error.Reason}");
            }).Build();
            for (var i = 0; !_stop.IsCancellationRequested; i++)
            {
                var value = $"{number}:{i}";
                producer.Produce(new TopicPartition(Topic, i % Partitions), new Message<Null, string> { Value = value }, report =>
                {
                    if (report.Error.IsError)
                        _faults.Enqueue($"{value} was not taken: {report.Error.Reason}");
                    else if (!_acknowledged.TryAdd((report.Partition.Value, report.Offset.Value), value))
                        _faults.Enqueue($"two records were acknowledged at {report.TopicPartitionOffset}");
                });
                if (i % (PerSecond / 100) == 0)
                    _stop.Token.WaitHandle.WaitOne(10);
            }

            producer.Flush(TimeSpan.FromMinutes(1));
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Follows all partitions, and commits how much it has seen to a group, as if that were an offset.</summary>
    private void Consume()
    {
        using var consumer = Reader();
        consumer.Assign(Enumerable.Range(0, Partitions).Select(i => new TopicPartitionOffset(Topic, i, Offset.Beginning)));
        var count = 0L;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(50)) is not { } record)
                    continue;
                See(record);
                if (++count % 500 != 0)
                    continue;
                if (_committed >= 0 && consumer.Committed([new TopicPartition(Topic, 0)], TimeSpan.FromSeconds(10))[0].Offset.Value is var kept && kept < _committed)
                    _faults.Enqueue($"the committed offset went back from {_committed} to {kept}");
                consumer.Commit([new TopicPartitionOffset(Topic, 0, count)]);
                _committed = count;
            }
            catch (KafkaException e) when (!e.Error.IsFatal && e.Error.Code != ErrorCode.OffsetOutOfRange)
            {
                // The broker is away; a commit that was not acknowledged may be there or not.
            }
            catch (KafkaException e)
            {
                _faults.Enqueue($"consumer: {e.Error.Reason}");
            }
        }
    }

    private long Check()
    {
        using var consumer = Reader();
        var all = new HashSet<string>();
        var found = 0L;
        for (var partition = 0; partition < Partitions; partition++)
        {
            var at = new TopicPartition(Topic, partition);
            var end = consumer.QueryWatermarkOffsets(at, TimeSpan.FromSeconds(20)).High.Value;
            consumer.Assign(new TopicPartitionOffset(at, Offset.Beginning));
            for (var next = 0L; next < end; next++)
            {
                if (consumer.Consume(TimeSpan.FromSeconds(20)) is not { } record || record.Offset.Value != next)
                {
                    _faults.Enqueue($"{at} has no record at {next}");
                    break;
                }

                See(record);
                found++;
                if (!all.Add(record.Message.Value))
                    _faults.Enqueue($"{record.Message.Value} is there twice");
            }
        }

        foreach (var (where, value) in _acknowledged.Where(pair => _seen.GetValueOrDefault(pair.Key) != pair.Value))
            _faults.Enqueue($"{value} was acknowledged at {where}, where {_seen.GetValueOrDefault(where) ?? "nothing"} is");
        return found;
    }

    private void See(ConsumeResult<Ignore, string> record)
    {
        if (_seen.GetOrAdd((record.Partition.Value, record.Offset.Value), record.Message.Value) is var first && first != record.Message.Value)
            _faults.Enqueue($"{record.TopicPartitionOffset} was {first} and is {record.Message.Value}");
    }

    private IConsumer<Ignore, string> Reader() => new ConsumerBuilder<Ignore, string>(new ConsumerConfig
    {
        BootstrapServers = broker.Bootstrap,
        GroupId = Group,
        EnableAutoCommit = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        CheckCrcs = true,
        ReconnectBackoffMs = 20,
        ReconnectBackoffMaxMs = 200,
    }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).SetValueDeserializer(Deserializers.Utf8).Build();
}

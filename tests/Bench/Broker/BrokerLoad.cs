using System.Diagnostics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace CroPlatform.Bench.Broker;

/// <summary>Records a second, and the time of a single write.</summary>
internal sealed record BrokerFigures(double Bulk, double Waiting, double P50Ms, double P99Ms, double Consume)
{
    /// <summary>Of each figure for itself.</summary>
    public static BrokerFigures Median(IReadOnlyList<BrokerFigures> rounds)
    {
        return new BrokerFigures(Of(r => r.Bulk), Of(r => r.Waiting), Of(r => r.P50Ms), Of(r => r.P99Ms), Of(r => r.Consume));

        double Of(Func<BrokerFigures, double> figure) => rounds.Select(figure).Order().ElementAt(rounds.Count / 2);
    }

    public override string ToString() => $"bulk {Bulk:n0}/s, waiting writers {Waiting:n0}/s (p50 {P50Ms:0.0}, p99 {P99Ms:0.0} ms), consume {Consume:n0}/s";
}

/// <summary>
/// What a broker is put to: producers that send all they have and wait at the end; writers of which each waits for its record's
/// acknowledgement before it sends the next; and consumers that read everything from the beginning.
/// </summary>
internal sealed class BrokerLoad(string bootstrap, Settings settings) : IAsyncDisposable
{
    public const string Topic = "bench";
    public const int Partitions = 12;

    private const int ConsumePasses = 9;

    private readonly byte[] _value = RandomBytes(settings["size"]);
    private readonly List<IProducer<Null, byte[]>> _producers = [.. Enumerable.Range(0, settings["producers"]).Select(_ => Producer(bootstrap, settings["linger"]))];

    public async Task<BrokerFigures> RunAsync(bool createTopic)
    {
        await using (this)
        {
            if (createTopic)
                await CreateAsync();
            await BulkAsync(_producers.Count * Partitions); // connections, producer ids
            var (waiting, p50, p99) = await WaitingAsync();

            // Last, so that it is what the mock cluster still keeps; and that alone is consumed, from every server.
            var starts = Ends();
            var bulk = await BulkAsync(settings["records"]);

            // Once takes a quarter of a second, and at first what answers it is not compiled for speed.
            var passes = new List<double>();
            for (var pass = 0; pass <= ConsumePasses; pass++)
                passes.Add(await ConsumeAsync(settings["records"], starts));
            var consume = passes.Skip(1).Order().ElementAt(ConsumePasses / 2);
            return new BrokerFigures(bulk, waiting, p50, p99, consume);
        }
    }

    /// <summary>Writes all records, and keeps the producers for more.</summary>
    public async Task<BrokerLoad> FillAsync()
    {
        await CreateAsync();
        await BulkAsync(settings["records"]);
        return this;
    }

    /// <summary>Leaves the producers sending in the background when the time is over.</summary>
    public async Task KeepFillingAsync(TimeSpan length)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < length;)
            await BulkAsync(5_000);
        _ = BulkAsync(20_000);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var producer in _producers)
            producer.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task CreateAsync()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = Partitions, ReplicationFactor = 1 }]);
    }

    /// <returns>Records a second, from the first sent to the last acknowledged.</returns>
    private async Task<double> BulkAsync(int records)
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(_producers.Select(producer => Task.Run(async () =>
        {
            var left = records / _producers.Count;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            for (var i = records / _producers.Count; i > 0; i--)
            {
                producer.Produce(new TopicPartition(Topic, i % Partitions), new Message<Null, byte[]> { Value = _value }, report =>
                {
                    if (report.Error.IsError)
                        done.TrySetException(new BenchException(report.Error.Reason));
                    else if (Interlocked.Decrement(ref left) == 0)
                        done.TrySetResult();
                });
            }

            await done.Task;
        })));
        return records / clock.Elapsed.TotalSeconds;
    }

    private async Task<(double PerSecond, double P50Ms, double P99Ms)> WaitingAsync()
    {
        var times = new List<double>();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, settings["writers"]).Select(async writer =>
        {
            var own = new List<double>();
            var producer = _producers[writer % _producers.Count];
            while (clock.Elapsed < settings.WarmUp + settings.Length)
            {
                var sent = clock.Elapsed;
                await producer.ProduceAsync(new TopicPartition(Topic, writer % Partitions), new Message<Null, byte[]> { Value = _value });
                if (sent >= settings.WarmUp)
                    own.Add((clock.Elapsed - sent).TotalMilliseconds);
            }

            lock (times)
                times.AddRange(own);
        }));
        times.Sort();
        return (times.Count / settings.Length.TotalSeconds, times[times.Count / 2], times[(int)(times.Count * 0.99)]);
    }

    private List<TopicPartitionOffset> Ends()
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "bench" }).Build();
        return [.. Enumerable.Range(0, Partitions).Select(i => new TopicPartition(Topic, i))
            .Select(partition => new TopicPartitionOffset(partition, consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10)).High))];
    }

    /// <returns>Records a second, from the first that comes to the last.</returns>
    private async Task<double> ConsumeAsync(int records, List<TopicPartitionOffset> starts)
    {
        var left = records;
        var clock = new Stopwatch();
        await Task.WhenAll(Enumerable.Range(0, settings["consumers"]).Select(number => Task.Factory.StartNew(
            () =>
            {
                using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig
                {
                    BootstrapServers = bootstrap,
                    GroupId = "bench",
                    EnableAutoCommit = false,
                    AutoOffsetReset = AutoOffsetReset.Earliest,
                    FetchWaitMaxMs = 50,
                    QueuedMaxMessagesKbytes = 65_536,
                }).SetLogHandler((_, _) => { }).Build();
                consumer.Assign(starts.Where(start => start.Partition.Value % settings["consumers"] == number));
                while (Volatile.Read(ref left) > 0)
                {
                    if (consumer.Consume(100) is null)
                        continue;
                    lock (clock)
                        clock.Start();
                    Interlocked.Decrement(ref left);
                }

                lock (clock)
                    clock.Stop();
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return records / clock.Elapsed.TotalSeconds;
    }

    private static IProducer<Null, byte[]> Producer(string bootstrap, int lingerMs) => new ProducerBuilder<Null, byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrap,
        EnableIdempotence = true,
        LingerMs = lingerMs,
        QueueBufferingMaxMessages = 2_000_000,
        DeliveryReportFields = "status",
    }).SetLogHandler((_, _) => { }).Build();

    private static byte[] RandomBytes(int size)
    {
        var bytes = new byte[size];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}

using System.Diagnostics;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using CroPlatform.Bench.Load;
using CroPlatform.Contracts;
using CroPlatform.Kafka;

namespace CroPlatform.Bench.Ceilings;

/// <summary>
/// Confluent.Kafka's producer with the platform's own settings and nothing round it, on a topic of its own that has as many partitions as
/// <see cref="Topics.Events"/> and is deleted at the end: on the platform's topics its records would be poison.
/// </summary>
internal sealed class BareProducer : IAsyncDisposable
{
    private readonly string _topic = $"cro-bench-{Guid.NewGuid():n}";
    private readonly IAdminClient _admin;
    private readonly IProducer<byte[], byte[]> _producer;

    private BareProducer(KafkaOptions options)
    {
        _admin = new AdminClientBuilder(options.Admin("cro-bench")).Build();
        _producer = new ProducerBuilder<byte[], byte[]>(options.Producer("cro-bench")).Build();
    }

    public static async Task<BareProducer> StartAsync(string bootstrap)
    {
        var producer = new BareProducer(new KafkaOptions { BootstrapServers = bootstrap });
        var partitions = Topics.All.Single(t => t.Name == Topics.Events).Partitions;
        await producer._admin.CreateTopicsAsync([new TopicSpecification { Name = producer._topic, NumPartitions = partitions, ReplicationFactor = -1 }]);
        return producer;
    }

    /// <summary>Each writer produces <paramref name="perRequest"/> records, waits until all are acknowledged, and produces the next.</summary>
    public Task<Measurement> RunAsync(Settings settings, int writers, int perRequest, byte[] key, byte[] value)
    {
        var window = new Window(settings);
        return Measurement.OfAsync(window, perRequest, Enumerable.Range(0, writers).Select(w => Task.Run(() => WriteAsync(window, perRequest, new Template(key, w), new Template(value, w)))), null);
    }

    public async ValueTask DisposeAsync()
    {
        _producer.Dispose();
        await _admin.DeleteTopicsAsync([_topic]);
        _admin.Dispose();
    }

    private async Task<Tally> WriteAsync(Window window, int perRequest, Template key, Template value)
    {
        var tally = new Tally(window);
        for (var asked = Stopwatch.GetTimestamp(); !window.IsOver(asked); asked = Stopwatch.GetTimestamp())
        {
            var left = perRequest;
            var failed = 0;
            var acknowledged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            for (var i = 0; i < perRequest; i++)
            {
                _producer.Produce(_topic, new Message<byte[], byte[]> { Key = key.Next().ToArray(), Value = value.Next().ToArray() }, report =>
                {
                    if (report.Error.IsError) Interlocked.Increment(ref failed);
                    if (Interlocked.Decrement(ref left) == 0) acknowledged.SetResult();
                });
            }

            await acknowledged.Task;
            if (failed > 0) tally.Failure();
            else tally.Answer(asked, perRequest);
        }

        return tally;
    }
}

using System.Text.Json;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Kafka;

namespace CroPlatform.Bench.Analysis;

/// <summary>Reads cro.results.v1 from its end on, until it is disposed of.</summary>
internal sealed class ResultsTail : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;

    private ResultsTail(string kafka, Action<string, JsonElement> take, TaskCompletionSource atEnd) =>
        _reading = Task.Factory.StartNew(() => Read(kafka, take, atEnd), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <param name="take">Told each experiment's results, on a thread of its own.</param>
    /// <returns>Once everything that is published from now on will be told.</returns>
    public static async Task<ResultsTail> FollowAsync(string kafka, Action<string, JsonElement> take)
    {
        var atEnd = new TaskCompletionSource();
        var tail = new ResultsTail(kafka, take, atEnd);
        await Task.WhenAny(atEnd.Task, tail._reading);
        return tail;
    }

    /// <exception cref="KafkaException">It could not be read.</exception>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    private void Read(string kafka, Action<string, JsonElement> take, TaskCompletionSource atEnd)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new KafkaOptions { BootstrapServers = kafka }.Consumer("cro-bench", "cro-bench-unused")).Build();
        var partition = new TopicPartition(Topics.Results, 0);
        consumer.Assign(new TopicPartitionOffset(partition, consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(5)).High));
        atEnd.SetResult();
        while (!_stop.IsCancellationRequested)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100))?.Message.Value is not { } value) continue;
            var results = ExperimentResults.Parser.ParseFrom(value);
            using var document = JsonDocument.Parse(results.ResultsJson.Memory);
            take(results.Experiment, document.RootElement);
        }
    }
}

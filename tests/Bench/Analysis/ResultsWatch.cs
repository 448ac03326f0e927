using System.Diagnostics;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Kafka;
using System.Text.Json;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// How far an experiment's results are behind its exposures: if they tell of n exposures, the time since the one after the n-th was sent, 0 if
/// there is none. Each exposure must be of a unit that the experiment has not seen.
/// </summary>
internal sealed class ResultsWatch(string kafka, IReadOnlyList<string> experiments)
{
    private readonly Dictionary<string, int> _indices = experiments.Index().ToDictionary(e => e.Item, e => e.Index);
    private readonly List<long>[] _sent = [.. experiments.Select(_ => new List<long>())];
    private readonly int[] _published = new int[experiments.Count];

    public void Exposed(int experiment)
    {
        lock (_sent) _sent[experiment].Add(Stopwatch.GetTimestamp());
    }

    /// <summary>Seconds that each experiment's published results are behind now.</summary>
    public double[] Published()
    {
        lock (_sent) return [.. _sent.Select((_, e) => Behind(e, Volatile.Read(ref _published[e])))];
    }

    /// <summary>Seconds that results which tell of so many exposures are behind now.</summary>
    public double Of(int experiment, int exposures)
    {
        lock (_sent) return Behind(experiment, exposures);
    }

    /// <summary>Reads cro.results.v1 from its end on. Blocks the thread.</summary>
    public void Follow(TaskCompletionSource reading, CancellationToken stop)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new KafkaOptions { BootstrapServers = kafka }.Consumer("cro-bench", "cro-bench-unused")).Build();
        var partition = new TopicPartition(Topics.Results, 0);
        consumer.Assign(new TopicPartitionOffset(partition, consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(5)).High));
        reading.SetResult();
        while (!stop.IsCancellationRequested)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100))?.Message.Value is not { } value) continue;
            var results = ExperimentResults.Parser.ParseFrom(value);
            if (!_indices.TryGetValue(results.Experiment, out var experiment)) continue;
            using var document = JsonDocument.Parse(results.ResultsJson.Memory);
            Volatile.Write(ref _published[experiment], document.RootElement.GetProperty("exposures").GetInt32());
        }
    }

    private double Behind(int experiment, int exposures) =>
        exposures >= _sent[experiment].Count ? 0 : Stopwatch.GetElapsedTime(_sent[experiment][exposures]).TotalSeconds;
}

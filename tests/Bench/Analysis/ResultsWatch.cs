using System.Diagnostics;
using System.Text.Json;

namespace CroPlatform.Bench.Analysis;

/// <summary>
/// How far an experiment's results are behind its exposures: if they tell of n exposures, the time since the one after the n-th was sent, 0 if
/// there is none. Each exposure must be of a unit that the experiment has not seen.
/// </summary>
internal sealed class ResultsWatch(IReadOnlyList<string> experiments)
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

    /// <summary>Takes results that were published.</summary>
    public void Take(string experiment, JsonElement results)
    {
        if (_indices.TryGetValue(experiment, out var index)) Volatile.Write(ref _published[index], results.GetProperty("exposures").GetInt32());
    }

    private double Behind(int experiment, int exposures) =>
        exposures >= _sent[experiment].Count ? 0 : Stopwatch.GetElapsedTime(_sent[experiment][exposures]).TotalSeconds;
}

using System.Collections.Frozen;
using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Store;

/// <summary>Metrics that every site can take over as they are: Store/Ready/metrics.json.</summary>
internal static class ReadyMetrics
{
    public static IReadOnlyList<MetricRequest> All { get; } = Read();

    private static readonly FrozenDictionary<string, MetricRequest> ByKey = All.ToFrozenDictionary(m => m.Key!);

    public static MetricRequest? Find(string key) => ByKey.GetValueOrDefault(key);

    private static List<MetricRequest> Read()
    {
        using var stream = typeof(ReadyMetrics).Assembly.GetManifestResourceStream("metrics.json")!;
        return JsonSerializer.Deserialize<List<MetricRequest>>(stream, JsonBody.Options)!;
    }
}

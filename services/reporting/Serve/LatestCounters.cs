using System.Collections.Concurrent;
using CroPlatform.Contracts.Statistics;

namespace CroPlatform.Services.Reporting.Serve;

/// <summary>The counters that came last, by experiment.</summary>
internal sealed class LatestCounters
{
    private readonly ConcurrentDictionary<string, LiveCounters> _byExperiment = new();

    public LiveCounters? Find(string experiment) => _byExperiment.GetValueOrDefault(experiment);

    public void Set(LiveCounters counters) => _byExperiment[counters.Experiment] = counters;
}

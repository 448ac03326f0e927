using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace CroPlatform.Services.Statistics.Publish;

/// <summary>How long the steps of a round of publishing take: together, how much older than a checkpoint results can be.</summary>
internal sealed class PublishMetrics(IMeterFactory factory)
{
    public const string Read = "read";
    public const string Judge = "judge";
    public const string Write = "write";

    private readonly Histogram<double> _steps = factory.Create("CroPlatform.Statistics")
        .CreateHistogram<double>("cro.statistics.publish", "s", "How long a step of a round of publishing took: read what changed, judge it, write the results.");

    /// <returns>When the next step began.</returns>
    public long Took(string step, long since)
    {
        _steps.Record(Stopwatch.GetElapsedTime(since).TotalSeconds, new KeyValuePair<string, object?>("step", step));
        return Stopwatch.GetTimestamp();
    }
}

using System.Diagnostics.Metrics;

namespace CroPlatform.Services.Statistics.Fold;

internal sealed class FoldMetrics
{
    private readonly Counter<long> _folded;
    private readonly Counter<long> _quarantined;
    private readonly Histogram<double> _checkpoint;

    public FoldMetrics(IMeterFactory factory)
    {
        var meter = factory.Create("CroPlatform.Statistics");
        _folded = meter.CreateCounter<long>("cro.statistics.folded", "{event}", "Records folded.");
        _quarantined = meter.CreateCounter<long>("cro.statistics.quarantined", "{event}", "Records that could not be counted, by reason.");
        _checkpoint = meter.CreateHistogram<double>("cro.statistics.checkpoint", "s", "How long a checkpoint's transaction took.");
    }

    public void Folded(long records) => _folded.Add(records);

    public void Quarantined(string reason) => _quarantined.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Checkpointed(TimeSpan took) => _checkpoint.Record(took.TotalSeconds);
}

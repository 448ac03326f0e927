using System.Diagnostics.Metrics;
using CroPlatform.Services.Ingestion.Check;

namespace CroPlatform.Services.Ingestion;

internal sealed class IngestionMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _events;
    private readonly Counter<long> _spooled;

    public IngestionMetrics(IMeterFactory factory, VisitorLimits visitors)
    {
        _meter = factory.Create("CroPlatform.Ingestion");
        _events = _meter.CreateCounter<long>("cro.ingest.events", "{event}", "Events by outcome: accepted, or the code of the refusal.");
        _meter.CreateObservableGauge("cro.ingest.visitor_buckets", () => visitors.Count, "{visitor}", "Visitors whose rate is being watched.");
        _spooled = _meter.CreateCounter<long>("cro.ingest.spool.records", "{record}", "Records by what the spool did with them: kept or drained.");
    }

    public void Count(string outcome, long events) => _events.Add(events, new KeyValuePair<string, object?>("outcome", outcome));

    public void Spooled(long records) => _spooled.Add(records, new KeyValuePair<string, object?>("outcome", "kept"));

    public void Drained(long records) => _spooled.Add(records, new KeyValuePair<string, object?>("outcome", "drained"));

    public void ObserveSpool(Func<long> waitingBytes) =>
        _meter.CreateObservableGauge("cro.ingest.spool.waiting", waitingBytes, "By", "Bytes that wait in the spool for the log.");
}

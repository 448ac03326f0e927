using System.Diagnostics.Metrics;

namespace CroPlatform.Services.Ingestion;

internal sealed class IngestionMetrics
{
    private readonly Counter<long> _events;

    public IngestionMetrics(IMeterFactory factory) =>
        _events = factory.Create("CroPlatform.Ingestion").CreateCounter<long>("cro.ingest.events", "{event}", "Events by outcome: accepted, or the code of the refusal.");

    public void Count(string outcome, long events) => _events.Add(events, new KeyValuePair<string, object?>("outcome", outcome));
}

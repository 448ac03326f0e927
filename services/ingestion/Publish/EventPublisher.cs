using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Kafka;

namespace CroPlatform.Services.Ingestion.Publish;

/// <summary>Writes accepted events, and why others were refused, and returns once the log has both.</summary>
internal sealed class EventPublisher(RecordProducer producer, IngestionMetrics metrics)
{
    /// <exception cref="LogUnavailableException">The log does not acknowledge.</exception>
    public async Task PublishAsync(List<Event> accepted, List<RejectedEvent> refused)
    {
        var events = producer.ProduceAsync(Topics.Events, accepted.ConvertAll(e => new Outgoing(Topics.UnitKey(e.Site, e.VisitorId), e)));
        await producer.ProduceAsync(Topics.Rejected, refused.ConvertAll(r => new Outgoing(r.Site, r)));
        await events;
        if (accepted.Count > 0) metrics.Count("accepted", accepted.Count);
        foreach (var code in refused.GroupBy(r => r.Code)) metrics.Count(code.Key, code.Count());
    }
}

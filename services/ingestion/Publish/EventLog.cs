using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Kafka;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Ingestion.Publish;

/// <summary>The gateway's two topics.</summary>
internal sealed class EventLog(RecordProducer producer, IOptions<IngestionOptions> options)
{
    private readonly TimeSpan _patience = TimeSpan.FromMilliseconds(options.Value.AckTimeoutMs);

    /// <summary>Writes both lists and returns once the log has them.</summary>
    /// <exception cref="LogUnavailableException">It was not acknowledged in time; any of it may be in the log.</exception>
    public async Task WriteAsync(List<Event> accepted, List<RejectedEvent> rejected)
    {
        var events = producer.ProduceAsync(Topics.Events, accepted.ConvertAll(e => new Outgoing(Topics.UnitKey(e.Site, e.VisitorId), e)));
        var refusals = producer.ProduceAsync(Topics.Rejected, rejected.ConvertAll(r => new Outgoing(r.Site, r)));
        try
        {
            await Task.WhenAll(events, refusals).WaitAsync(_patience);
        }
        catch (TimeoutException e)
        {
            throw new LogUnavailableException($"no acknowledgement within {_patience.TotalMilliseconds} ms", e);
        }
    }
}

using CroPlatform.Contracts.Events;
using CroPlatform.Kafka;
using CroPlatform.Services.Ingestion.Store;

namespace CroPlatform.Services.Ingestion.Publish;

/// <summary>
/// Puts what a request brought where it cannot be lost, and only then returns: into the log or, while that does not acknowledge, into the
/// spool. What was sent but not acknowledged goes to the spool too and may then be in the log twice; its ids make that harmless.
/// </summary>
internal sealed class EventPublisher(EventLog log, SpoolDrain drain, IngestionMetrics metrics)
{
    /// <exception cref="LogUnavailableException">The log does not acknowledge, and there is no spool.</exception>
    /// <exception cref="SpoolFullException">The log does not acknowledge, and the spool has no room.</exception>
    public async Task PublishAsync(List<Event> accepted, List<RejectedEvent> rejected)
    {
        if (drain.Spool is not { } spool) await log.WriteAsync(accepted, rejected);
        else if (drain.IsLogAway || !await TryLogAsync(accepted, rejected)) await SpoolAsync(spool, accepted, rejected);
        if (accepted.Count > 0) metrics.Count("accepted", accepted.Count);
        foreach (var code in rejected.GroupBy(r => r.Code)) metrics.Count(code.Key, code.Count());
    }

    private async Task<bool> TryLogAsync(List<Event> accepted, List<RejectedEvent> rejected)
    {
        try
        {
            await log.WriteAsync(accepted, rejected);
            return true;
        }
        catch (LogUnavailableException e)
        {
            drain.LogWentAway(e.Message);
            return false;
        }
    }

    private async Task SpoolAsync(EventSpool spool, List<Event> accepted, List<RejectedEvent> rejected)
    {
        await spool.AppendAsync([.. accepted.Select(SpoolRecord.Of), .. rejected.Select(SpoolRecord.Of)]);
        metrics.Spooled(accepted.Count + rejected.Count);
    }
}

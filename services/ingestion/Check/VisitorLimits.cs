using System.Globalization;
using CroPlatform.ServiceDefaults.Limits;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Ingestion.Check;

/// <summary>One visitor cannot flood a site: a token bucket for each, kept only while it is not full.</summary>
internal sealed class VisitorLimits(TimeProvider clock, IOptions<IngestionOptions> options)
{
    private readonly TokenBuckets<(string Site, string Visitor)> _buckets = new(clock);
    private readonly TokenRate _rate = new(options.Value.VisitorEventsPerSecond, options.Value.VisitorEventsBurst);

    /// <summary>Visitors of whom something is remembered.</summary>
    public int Count => _buckets.Count;

    /// <summary>Takes one event of a visitor; why it is one too many, or null.</summary>
    public Refusal? Take(string site, string visitor) => _buckets.TryTake((site, visitor), _rate, out var wait)
        ? null
        : new Refusal(Codes.RateLimited, "visitor_id", string.Create(CultureInfo.InvariantCulture, $"one visitor may send {_rate.PerSecond} events a second: send it again in {Math.Ceiling(wait.TotalSeconds)} s"));
}

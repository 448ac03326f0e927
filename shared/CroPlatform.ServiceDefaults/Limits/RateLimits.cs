using System.ComponentModel.DataAnnotations;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;

namespace CroPlatform.ServiceDefaults.Limits;

/// <summary>What kinds of requests are counted apart.</summary>
public enum RateClass
{
    /// <summary>Whatever says nothing else.</summary>
    Management,
    Assignment,
    Events,
}

/// <summary>Requests a second, and at once, that one key or one signed-in person may make at each instance of a service.</summary>
public sealed record RateLimitOptions
{
    public const string Section = "RateLimits";
    private const double Most = 10_000_000;

    [Range(0.001, Most)] public double EventsPerSecond { get; init; } = 20_000;
    [Range(1, Most)] public double EventsBurst { get; init; } = 40_000;
    [Range(0.001, Most)] public double AssignmentPerSecond { get; init; } = 200_000;
    [Range(1, Most)] public double AssignmentBurst { get; init; } = 400_000;
    [Range(0.001, Most)] public double ManagementPerSecond { get; init; } = 1_000;
    [Range(1, Most)] public double ManagementBurst { get; init; } = 2_000;

    internal TokenRate Of(RateClass kind) => kind switch
    {
        RateClass.Events => new TokenRate(EventsPerSecond, EventsBurst),
        RateClass.Assignment => new TokenRate(AssignmentPerSecond, AssignmentBurst),
        _ => new TokenRate(ManagementPerSecond, ManagementBurst),
    };
}

/// <summary>The buckets of all callers of this process, and how often one of them was empty.</summary>
public sealed class RateLimits
{
    private readonly TokenBuckets<(string Site, string Actor, RateClass Class)> _buckets;
    private readonly RateLimitOptions _options;
    private readonly Counter<long> _refused;

    public RateLimits(TimeProvider clock, IOptions<RateLimitOptions> options, IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        (_buckets, _options) = (new TokenBuckets<(string, string, RateClass)>(clock), options.Value);
        _refused = meters.Create("CroPlatform.Limits").CreateCounter<long>("cro.rate_limit.refused", "{request}", "requests answered 429");
    }

    public bool TryTake(string site, string actor, RateClass kind, out TimeSpan wait)
    {
        if (_buckets.TryTake((site, actor, kind), _options.Of(kind), out wait)) return true;
        CountRefusal(kind switch { RateClass.Events => "events", RateClass.Assignment => "assignment", _ => "management" });
        return false;
    }

    /// <summary>Counts a request that was refused because there were too many of its kind.</summary>
    public void CountRefusal(string kind) => _refused.Add(1, new KeyValuePair<string, object?>("class", kind));
}

public static class RateLimitExtensions
{
    /// <summary>Which of the caller's allowances this endpoint draws from.</summary>
    public static TBuilder LimitAs<TBuilder>(this TBuilder builder, RateClass kind)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RateLimited(kind));
}

/// <summary>Metadata of an endpoint.</summary>
internal sealed record RateLimited(RateClass Class);

using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.ServiceDefaults.Health;

/// <summary>Asked each time: why a part cannot do its work now, or null.</summary>
public sealed record ReadinessCheck(string Part, Func<string?> Reason);

/// <summary>
/// Whether the service can do its work now: no part says no. Liveness is apart: a service that answers at all is alive, and restarting it
/// would not bring a lost Kafka back.
/// </summary>
public sealed class Readiness(IEnumerable<ReadinessCheck> checks)
{
    private readonly ReadinessCheck[] _checks = [.. checks];
    private volatile bool _draining;

    /// <summary>From now on not ready, so that the load balancer sends nothing new while the rest is finished.</summary>
    public void Drain() => _draining = true;

    public bool IsReady => !_draining && Array.TrueForAll(_checks, c => c.Reason() is null);

    /// <summary>Each part that is not ready, with its reason.</summary>
    public IReadOnlyDictionary<string, string> Reasons()
    {
        var reasons = new Dictionary<string, string>();
        foreach (var check in _checks)
        {
            if (check.Reason() is { } reason) reasons[check.Part] = reason;
        }

        if (_draining) reasons["host"] = "draining";
        return reasons;
    }
}

public static class ReadinessRegistration
{
    /// <summary>Adds a part that must be well for the service to be ready.</summary>
    public static IServiceCollection AddReadiness<T>(this IServiceCollection services, string part, Func<T, string?> reason)
        where T : notnull =>
        services.AddSingleton(provider => new ReadinessCheck(part, () => reason(provider.GetRequiredService<T>())));
}

using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace CroPlatform.Grpc;

/// <summary>
/// What grpc.health.v1 tells of this process. The empty name, the process as a whole, is NOT_SERVING until it is set.
/// </summary>
public sealed class GrpcHealth
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new() { [""] = ServingStatus.NotServing };
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Sets the status of <paramref name="service"/> ("package.Service", or empty for the process) and tells all watchers.</summary>
    public void Set(string service, bool serving)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _statuses[service] = serving ? ServingStatus.Serving : ServingStatus.NotServing;
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        changed.SetResult();
    }

    /// <summary>The status now, null for a service never set, and a task that ends with the next change of any service.</summary>
    internal (ServingStatus? Status, Task Changed) Get(string service)
    {
        lock (_lock)
            return (_statuses.TryGetValue(service, out var status) ? status : null, _changed.Task);
    }
}

public static class GrpcHealthExtensions
{
    /// <summary>Registers <see cref="GrpcHealth"/>, which the host sets, and the service that tells it.</summary>
    public static IServiceCollection AddGrpcHealth(this IServiceCollection services) =>
        services.AddSingleton<GrpcHealth>().AddSingleton<HealthService>();

    /// <summary>Serves grpc.health.v1.Health to anyone, without credentials.</summary>
    public static IEndpointConventionBuilder MapGrpcHealth(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGrpcService<HealthService>().WithMetadata(new AllowAnonymousAttribute());
}

using CroPlatform.Grpc;
using CroPlatform.ServiceDefaults.Keys;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace CroPlatform.ServiceDefaults.Health;

/// <summary>Tells gRPC callers by grpc.health.v1 what /health/ready tells HTTP callers.</summary>
internal sealed class GrpcHealthReporter(GrpcHealth health, Readiness readiness) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        bool? told = null;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (told == readiness.IsReady) continue;
            health.Set("", readiness.IsReady);
            told = readiness.IsReady;
        }
    }
}

public static class GrpcServiceDefaults
{
    /// <summary>gRPC with its health service, which follows the service's readiness.</summary>
    public static IServiceCollection AddGrpcWithHealth(this IServiceCollection services)
    {
        services.AddGrpc();
        return services.AddGrpcHealth().AddHostedService<GrpcHealthReporter>();
    }

    public static void MapGrpcServiceHealth(this IEndpointRouteBuilder app) => app.MapGrpcHealth().AllowWithoutKey();
}

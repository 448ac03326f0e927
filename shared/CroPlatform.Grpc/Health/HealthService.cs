using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace CroPlatform.Grpc;

/// <summary>grpc.health.v1 over <see cref="GrpcHealth"/>.</summary>
internal sealed class HealthService(GrpcHealth health, IHostApplicationLifetime lifetime) : Health.HealthBase
{
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        health.Get(request.Service).Status is { } status
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(new Status(StatusCode.NotFound, $"No status is kept for '{request.Service}'."));

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        ServingStatus? told = null;
        while (!ending.IsCancellationRequested)
        {
            var (status, changed) = health.Get(request.Service);
            status ??= ServingStatus.ServiceUnknown;
            if (status != told)
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status.Value }, context.CancellationToken);
            told = status;
            await changed.WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        // Watchers must not hold up a host that stops.
        throw new RpcException(new Status(StatusCode.Unavailable, "The server is stopping."));
    }
}

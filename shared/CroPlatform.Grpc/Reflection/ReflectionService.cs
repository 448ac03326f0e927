using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.Extensions.Hosting;

namespace CroPlatform.Grpc;

/// <summary>grpc.reflection.v1.</summary>
internal sealed class ReflectionService(ReflectionAnswers answers, IHostApplicationLifetime lifetime) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        // Tools that keep their stream open must not hold up a host that stops.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (var request in requestStream.ReadAllAsync(ending.Token))
                await responseStream.WriteAsync(answers.Answer(request), context.CancellationToken);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The server is stopping."));
        }
    }
}

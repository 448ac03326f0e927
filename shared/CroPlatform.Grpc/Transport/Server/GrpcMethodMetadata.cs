using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Stands on each gRPC endpoint: the class that serves it and the method it is.</summary>
public sealed class GrpcMethodMetadata(Type serviceType, IMethod method)
{
    public Type ServiceType { get; } = serviceType;

    public IMethod Method { get; } = method;
}

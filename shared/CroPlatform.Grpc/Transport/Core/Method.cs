namespace Grpc.Core;

/// <summary>Which sides of a call carry a stream of messages rather than exactly one.</summary>
public enum MethodType
{
    Unary,
    ClientStreaming,
    ServerStreaming,
    DuplexStreaming,
}

/// <summary>A remote method without its message types.</summary>
public interface IMethod
{
    MethodType Type { get; }

    /// <summary>The service's full name, as <c>package.Service</c>.</summary>
    string ServiceName { get; }

    string Name { get; }

    /// <summary>The request path, <c>/package.Service/Method</c>.</summary>
    string FullName { get; }
}

/// <summary>A remote method and how its messages become bytes; generated stubs hold one per rpc.</summary>
public sealed class Method<TRequest, TResponse>(
    MethodType type,
    string serviceName,
    string name,
    Marshaller<TRequest> requestMarshaller,
    Marshaller<TResponse> responseMarshaller) : IMethod
{
    public MethodType Type { get; } = type;

    public string ServiceName { get; } = serviceName;

    public string Name { get; } = name;

    public string FullName { get; } = $"/{serviceName}/{name}";

    public Marshaller<TRequest> RequestMarshaller { get; } = requestMarshaller;

    public Marshaller<TResponse> ResponseMarshaller { get; } = responseMarshaller;
}

using Grpc.Core;
using Grpc.Net.Client;

namespace CroPlatform.Grpc.Client;

/// <summary>Starts each kind of call as an HTTP/2 request.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        Start(method, options, request).ReadSingleAsync().GetAwaiter().GetResult();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Start(method, options, request);
        return new(call.ReadSingleAsync(), ClientCall.Headers, ClientCall.Status, ClientCall.Trailers, ClientCall.Cancel, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Start(method, options, request);
        call.EndWhenCancelled();
        return new(call, ClientCall.Headers, ClientCall.Status, ClientCall.Trailers, ClientCall.Cancel, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var (requests, call) = Start(method, options);
        return new(requests, call.ReadSingleAsync(), ClientCall.Headers, ClientCall.Status, ClientCall.Trailers, ClientCall.Cancel, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var (requests, call) = Start(method, options);
        call.EndWhenCancelled();
        return new(requests, call, ClientCall.Headers, ClientCall.Status, ClientCall.Trailers, ClientCall.Cancel, call);
    }

    private ClientCall<TResponse> Start<TRequest, TResponse>(Method<TRequest, TResponse> method, CallOptions options, TRequest request)
        where TResponse : class
    {
        var call = new ClientCall<TResponse>(channel, method.ResponseMarshaller, options);
        try
        {
            call.Send(method, new ReadOnlyMemoryContent(call.Frame(method.RequestMarshaller, request, options.WriteOptions?.Flags ?? WriteFlags.None)));
        }
        catch (Exception exception)
        {
            call.Refuse(exception);
        }
        return call;
    }

    private (StreamedContent<TRequest> Requests, ClientCall<TResponse> Call) Start<TRequest, TResponse>(Method<TRequest, TResponse> method, CallOptions options)
        where TResponse : class
    {
        var call = new ClientCall<TResponse>(channel, method.ResponseMarshaller, options);
        var requests = new StreamedContent<TRequest>(call, method.RequestMarshaller);
        call.Send(method, requests);
        return (requests, call);
    }
}

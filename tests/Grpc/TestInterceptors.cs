using System.Collections.Concurrent;
using CroPlatform.Grpc.Tests.Echo;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace CroPlatform.Grpc.Tests;

/// <summary>Notes each call as it comes, each answer as it leaves, and its own end.</summary>
internal sealed class Noting(string name, ConcurrentQueue<string> seen) : Interceptor, IDisposable
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        seen.Enqueue($"{name} Blocking");
        return continuation(request, context);
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        seen.Enqueue($"{name} {context.Method.Name}");
        return continuation(request, context);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        seen.Enqueue($"{name} {context.Method.Name}");
        return continuation(request, context);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        seen.Enqueue($"{name} {context.Method.Name}");
        return continuation(context);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        seen.Enqueue($"{name} {context.Method.Name}");
        return continuation(context);
    }

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        var response = await continuation(request, context);
        seen.Enqueue($"{name} done");
        return response;
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        var response = await continuation(requestStream, context);
        seen.Enqueue($"{name} done");
        return response;
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        await continuation(request, responseStream, context);
        seen.Enqueue($"{name} done");
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        await continuation(requestStream, responseStream, context);
        seen.Enqueue($"{name} done");
    }

    public void Dispose() => seen.Enqueue($"{name} disposed");

    private void Begin(ServerCallContext context) => seen.Enqueue($"{name} {context.Method.Split('/')[^1]}");
}

/// <summary>Refuses every call with its method's name.</summary>
internal sealed class Refusing : Interceptor
{
    private int _calls;

    public int Calls => _calls;

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) => throw Refusal(context);

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) => throw Refusal(context);

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        throw Refusal(context);

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) => throw Refusal(context);

    private RpcException Refusal(ServerCallContext context)
    {
        Interlocked.Increment(ref _calls);
        return new RpcException(new Status(StatusCode.FailedPrecondition, context.Method));
    }
}

/// <summary>Turns an exception into a status.</summary>
internal sealed class Mapping : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (InvalidOperationException)
        {
            throw new RpcException(new Status(StatusCode.DataLoss, "mapped"));
        }
    }
}

/// <summary>Answers in the server's place.</summary>
internal sealed class Answering : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        new(Task.FromResult((TResponse)(object)new Pong { Text = "from a cache" }), Task.FromResult(Metadata.Empty), () => Status.DefaultSuccess, () => Metadata.Empty, () => { });
}

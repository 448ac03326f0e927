using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Grpc.Server;

/// <summary>The interceptors of one call, which pass it on, each to the next, down to the service's method.</summary>
internal sealed class CallInterceptors : IAsyncDisposable
{
    private readonly Interceptor[] _innermostFirst;
    private readonly List<object> _owned = [];

    public CallInterceptors(IServiceProvider services, InterceptorCollection registered) =>
        _innermostFirst = [.. registered.Reverse().Select(registration => Make(services, registration))];

    public Task<TResponse> UnaryAsync<TService, TRequest, TResponse>(
        Func<TService, TRequest, ServerCallContext, Task<TResponse>> invoke, TService service, TRequest request, ServerCallContext call)
        where TRequest : class
        where TResponse : class
    {
        UnaryServerMethod<TRequest, TResponse> next = (message, context) => invoke(service, message, context);
        foreach (var interceptor in _innermostFirst)
        {
            var inner = next;
            next = (message, context) => interceptor.UnaryServerHandler(message, context, inner);
        }
        return next(request, call);
    }

    public Task ServerStreamingAsync<TService, TRequest, TResponse>(
        Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task> invoke,
        TService service,
        TRequest request,
        IServerStreamWriter<TResponse> responses,
        ServerCallContext call)
        where TRequest : class
        where TResponse : class
    {
        ServerStreamingServerMethod<TRequest, TResponse> next = (message, writer, context) => invoke(service, message, writer, context);
        foreach (var interceptor in _innermostFirst)
        {
            var inner = next;
            next = (message, writer, context) => interceptor.ServerStreamingServerHandler(message, writer, context, inner);
        }
        return next(request, responses, call);
    }

    public Task<TResponse> ClientStreamingAsync<TService, TRequest, TResponse>(
        Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>> invoke,
        TService service,
        IAsyncStreamReader<TRequest> requests,
        ServerCallContext call)
        where TRequest : class
        where TResponse : class
    {
        ClientStreamingServerMethod<TRequest, TResponse> next = (reader, context) => invoke(service, reader, context);
        foreach (var interceptor in _innermostFirst)
        {
            var inner = next;
            next = (reader, context) => interceptor.ClientStreamingServerHandler(reader, context, inner);
        }
        return next(requests, call);
    }

    public Task DuplexStreamingAsync<TService, TRequest, TResponse>(
        Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task> invoke,
        TService service,
        IAsyncStreamReader<TRequest> requests,
        IServerStreamWriter<TResponse> responses,
        ServerCallContext call)
        where TRequest : class
        where TResponse : class
    {
        DuplexStreamingServerMethod<TRequest, TResponse> next = (reader, writer, context) => invoke(service, reader, writer, context);
        foreach (var interceptor in _innermostFirst)
        {
            var inner = next;
            next = (reader, writer, context) => interceptor.DuplexStreamingServerHandler(reader, writer, context, inner);
        }
        return next(requests, responses, call);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned)
            await Disposal.OfAsync(owned).ConfigureAwait(false);
    }

    private Interceptor Make(IServiceProvider services, InterceptorRegistration registration)
    {
        if (registration.Arguments.Count == 0 && services.GetService(registration.Type) is Interceptor registered)
            return registered;
        var made = (Interceptor)ActivatorUtilities.CreateInstance(services, registration.Type, [.. registration.Arguments]);
        _owned.Add(made);
        return made;
    }
}

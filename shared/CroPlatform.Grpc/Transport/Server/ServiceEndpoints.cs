using System.Diagnostics;
using System.Reflection;
using CroPlatform.Grpc.Wire;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace CroPlatform.Grpc.Server;

/// <summary>Makes an endpoint of each method that generated code lists for <typeparamref name="TService"/>.</summary>
internal sealed partial class ServiceEndpoints<TService> : ServiceBinderBase
    where TService : class
{
    private readonly IEndpointRouteBuilder _routes;
    private readonly GrpcServiceOptions _options;
    private readonly ILogger _log;
    private readonly Lazy<TService>? _singleton;
    private readonly Lazy<ObjectFactory<TService>> _make = new(() => ActivatorUtilities.CreateFactory<TService>([]));

    private ServiceEndpoints(IEndpointRouteBuilder routes, bool isSingleton)
    {
        var services = routes.ServiceProvider;
        _routes = routes;
        _options = services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        if (_options.ResponseCompressionAlgorithm is not (null or WireFormat.Gzip or WireFormat.Identity))
            throw new InvalidOperationException($"{nameof(GrpcServiceOptions.ResponseCompressionAlgorithm)} '{_options.ResponseCompressionAlgorithm}' is not known; set {WireFormat.AcceptedEncodings}.");
        _log = services.GetRequiredService<ILoggerFactory>().CreateLogger<TService>();
        _singleton = isSingleton ? new Lazy<TService>(services.GetRequiredService<TService>) : null;
    }

    public static void Map(IEndpointRouteBuilder routes, bool isSingleton)
    {
        for (var type = typeof(TService); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } binding)
                continue;
            var bind = binding.BindType.GetMethod(binding.BindMethodName, [typeof(ServiceBinderBase), type])
                ?? throw new InvalidOperationException($"{binding.BindType} has no method {binding.BindMethodName}(ServiceBinderBase, {type.Name}).");
            bind.Invoke(null, [new ServiceEndpoints<TService>(routes, isSingleton), null]);
            return;
        }
        throw new InvalidOperationException($"{typeof(TService)} derives from no generated gRPC service base.");
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method.Name);
        Map(method, invoke.Method, async (service, call, interceptors) =>
        {
            var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
            var answer = interceptors is null ? invoke(service, request, call) : interceptors.UnaryAsync(invoke, service, request, call);
            await call.AnswerAsync(method.ResponseMarshaller, await answer.ConfigureAwait(false)).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method.Name);
        Map(method, invoke.Method, async (service, call, interceptors) =>
        {
            var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
            var responses = new ResponseStream<TResponse>(call, method.ResponseMarshaller);
            var done = interceptors is null ? invoke(service, request, responses, call) : interceptors.ServerStreamingAsync(invoke, service, request, responses, call);
            await done.ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(method.Name);
        Map(method, invoke.Method, async (service, call, interceptors) =>
        {
            var requests = new RequestStream<TRequest>(call, method.RequestMarshaller);
            var answer = interceptors is null ? invoke(service, requests, call) : interceptors.ClientStreamingAsync(invoke, service, requests, call);
            await call.AnswerAsync(method.ResponseMarshaller, await answer.ConfigureAwait(false)).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method.Name);
        Map(method, invoke.Method, (service, call, interceptors) =>
        {
            var requests = new RequestStream<TRequest>(call, method.RequestMarshaller);
            var responses = new ResponseStream<TResponse>(call, method.ResponseMarshaller);
            return interceptors is null ? invoke(service, requests, responses, call) : interceptors.DuplexStreamingAsync(invoke, service, requests, responses, call);
        });
    }

    // The service's own override, as a delegate that takes the instance first.
    private static TDelegate Implementation<TDelegate>(string name)
        where TDelegate : Delegate
    {
        var parameters = typeof(TDelegate).GetMethod("Invoke")!.GetParameters().Skip(1).Select(parameter => parameter.ParameterType).ToArray();
        var implementation = typeof(TService).GetMethod(name, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService)} has no public method {name}.");
        return implementation.CreateDelegate<TDelegate>();
    }

    private void Map(IMethod method, MethodInfo implementation, Func<TService, HttpServerCall, CallInterceptors?, Task> body)
    {
        RequestDelegate serve = http => ServeAsync(http, method, body);
        _routes.Map(RoutePatternFactory.Parse(method.FullName), serve)
            .WithDisplayName($"gRPC - {method.FullName}")
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Post]), new GrpcMethodMetadata(typeof(TService), method))
            .WithMetadata(typeof(TService).GetCustomAttributes(inherit: true))
            .WithMetadata(implementation.GetCustomAttributes(inherit: true));
    }

    private async Task ServeAsync(HttpContext http, IMethod method, Func<TService, HttpServerCall, CallInterceptors?, Task> body)
    {
        if (!WireFormat.IsGrpc(http.Request.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            http.Response.Headers.Upgrade = "HTTP/2";
            return;
        }

        using var call = new HttpServerCall(http, method, _options);
        TService? owned = null;
        CallInterceptors? interceptors = null;
        Status status;
        try
        {
            call.Start();
            if (_options.Interceptors.Count > 0)
                interceptors = new CallInterceptors(http.RequestServices, _options.Interceptors);
            var service = _singleton?.Value ?? http.RequestServices.GetService<TService>() ?? (owned = _make.Value(http.RequestServices, null));
            await body(service, call, interceptors).ConfigureAwait(false);
            status = call.Outcome();
        }
        catch (Exception exception)
        {
            status = call.Outcome(exception);
            if (status is { StatusCode: StatusCode.Unknown, DebugException: not null })
                LogFailed(_log, method.FullName, exception);
            else
                LogRefused(_log, method.FullName, status.StatusCode, status.DebugException);
        }
        finally
        {
            if (interceptors is not null)
                await interceptors.DisposeAsync().ConfigureAwait(false);
            if (owned is not null)
                await Disposal.OfAsync(owned).ConfigureAwait(false);
        }
        call.Complete(status);
        Tag(http, method, status.StatusCode);
    }

    // HTTP says 200 to everything; traces and metrics shall know better.
    private static void Tag(HttpContext http, IMethod method, StatusCode code)
    {
        var text = WireFormat.StatusText(code);
        http.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("rpc.grpc.status_code", text));
        if (http.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity)
        {
            activity.SetTag("rpc.system", "grpc").SetTag("rpc.service", method.ServiceName).SetTag("rpc.method", method.Name)
                .SetTag("rpc.grpc.status_code", text);
            if (code is StatusCode.Unknown or StatusCode.Internal or StatusCode.DataLoss or StatusCode.Unavailable
                or StatusCode.DeadlineExceeded or StatusCode.Unimplemented)
                activity.SetStatus(ActivityStatusCode.Error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} failed")]
    private static partial void LogFailed(ILogger log, string method, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} ended with {StatusCode}")]
    private static partial void LogRefused(ILogger log, string method, StatusCode statusCode, Exception? exception);
}

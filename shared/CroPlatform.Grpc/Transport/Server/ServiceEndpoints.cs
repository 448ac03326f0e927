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
        Map(method, invoke.Method, async (service, call) =>
        {
            var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
            var response = await invoke(service, request, call).ConfigureAwait(false);
            await call.AnswerAsync(method.ResponseMarshaller, response).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method.Name);
        Map(method, invoke.Method, async (service, call) =>
        {
            var request = await call.ReadSingleAsync(method.RequestMarshaller).ConfigureAwait(false);
            await invoke(service, request, new ResponseStream<TResponse>(call, method.ResponseMarshaller), call).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(method.Name);
        Map(method, invoke.Method, async (service, call) =>
        {
            var response = await invoke(service, new RequestStream<TRequest>(call, method.RequestMarshaller), call).ConfigureAwait(false);
            await call.AnswerAsync(method.ResponseMarshaller, response).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var invoke = Implementation<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(method.Name);
        Map(method, invoke.Method, (service, call) => invoke(
            service, new RequestStream<TRequest>(call, method.RequestMarshaller), new ResponseStream<TResponse>(call, method.ResponseMarshaller), call));
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

    private void Map(IMethod method, MethodInfo implementation, Func<TService, HttpServerCall, Task> body)
    {
        RequestDelegate serve = http => ServeAsync(http, method, body);
        _routes.Map(RoutePatternFactory.Parse(method.FullName), serve)
            .WithDisplayName($"gRPC - {method.FullName}")
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Post]), new GrpcMethodMetadata(typeof(TService), method))
            .WithMetadata(typeof(TService).GetCustomAttributes(inherit: true))
            .WithMetadata(implementation.GetCustomAttributes(inherit: true));
    }

    private async Task ServeAsync(HttpContext http, IMethod method, Func<TService, HttpServerCall, Task> body)
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
        Status status;
        try
        {
            call.Start();
            var service = _singleton?.Value ?? http.RequestServices.GetService<TService>() ?? (owned = _make.Value(http.RequestServices, null));
            await body(service, call).ConfigureAwait(false);
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
            await DisposeAsync(owned).ConfigureAwait(false);
        }
        call.Complete(status);
        Tag(http, method, status.StatusCode);
    }

    private static async ValueTask DisposeAsync(TService? owned)
    {
        if (owned is IAsyncDisposable asyncDisposable)
            await asyncDisposable.DisposeAsync().ConfigureAwait(false);
        else
            (owned as IDisposable)?.Dispose();
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

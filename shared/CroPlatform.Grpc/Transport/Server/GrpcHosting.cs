using CroPlatform.Grpc.Wire;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Grpc.Server;

/// <summary>What the gRPC services of one host share.</summary>
internal sealed class GrpcHosting(IServiceCollection services)
{
    private bool _unimplementedMapped;

    /// <summary>Known singletons are resolved once, which spares each call a scope of its own.</summary>
    public bool IsSingleton(Type service) =>
        services.LastOrDefault(descriptor => descriptor.ServiceType == service)?.Lifetime == ServiceLifetime.Singleton;

    /// <summary>Answers gRPC calls of services and methods that no one serves, once a host.</summary>
    public void MapUnimplemented(IEndpointRouteBuilder endpoints)
    {
        if (_unimplementedMapped)
            return;
        _unimplementedMapped = true;
        var pattern = RoutePatternFactory.Parse(
            "{grpcService}/{grpcMethod}", defaults: null, parameterPolicies: new { grpcMethod = new GrpcRequestConstraint() });
        endpoints.Map(pattern, Unimplemented)
            .WithDisplayName("gRPC - unimplemented")
            .WithOrder(int.MaxValue);
    }

    private static Task Unimplemented(HttpContext http)
    {
        http.Response.ContentType = WireFormat.ContentType;
        http.Response.Headers.GrpcStatus = WireFormat.StatusText(StatusCode.Unimplemented);
        http.Response.Headers.GrpcMessage = WireFormat.EncodeMessage($"No method {http.Request.Path} is served here.");
        return Task.CompletedTask;
    }

    // Other requests of two path segments stay what they are: unknown paths.
    private sealed class GrpcRequestConstraint : IRouteConstraint
    {
        public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            httpContext is not null && HttpMethods.IsPost(httpContext.Request.Method) && WireFormat.IsGrpc(httpContext.Request.ContentType);
    }
}

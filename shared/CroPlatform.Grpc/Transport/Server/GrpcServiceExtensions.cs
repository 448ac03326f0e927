using CroPlatform.Grpc.Server;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

// The namespaces in which Grpc.AspNetCore has these methods.
namespace Microsoft.Extensions.DependencyInjection
{
    public static class GrpcServicesExtensions
    {
        /// <summary>Makes <c>MapGrpcService</c> possible. Serve it on an endpoint of its own with HTTP/2 alone.</summary>
        public static void AddGrpc(this IServiceCollection services, Action<GrpcServiceOptions>? configure = null)
        {
            services.AddRouting();
            services.AddOptions<GrpcServiceOptions>();
            services.AddSingleton(new GrpcHosting(services));
            if (configure is not null)
                services.Configure(configure);
        }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    public static class GrpcEndpointRouteBuilderExtensions
    {
        /// <summary>
        /// Serves every method of <typeparamref name="TService"/>, which derives from a generated service base. The instance comes
        /// from the container with the lifetime it is registered with, or is made and disposed of for each call.
        /// </summary>
        public static IEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder endpoints)
            where TService : class
        {
            var hosting = endpoints.ServiceProvider.GetService<GrpcHosting>()
                ?? throw new InvalidOperationException("gRPC is not set up: call builder.Services.AddGrpc() first.");
            hosting.MapUnimplemented(endpoints);
            var group = endpoints.MapGroup("");
            ServiceEndpoints<TService>.Map(group, hosting.IsSingleton(typeof(TService)));
            return group;
        }
    }
}

namespace Grpc.Core
{
    public static class ServerCallContextExtensions
    {
        /// <summary>The HTTP request that carries the call.</summary>
        public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
        {
            if (serverCallContext is HttpServerCall call)
                return call.HttpContext;
            return serverCallContext.UserState.TryGetValue("__HttpContext", out var http)
                ? (HttpContext)http
                : throw new InvalidOperationException("The call has no HttpContext; a test may put one into UserState[\"__HttpContext\"].");
        }
    }
}

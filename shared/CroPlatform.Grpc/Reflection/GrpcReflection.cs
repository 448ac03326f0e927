using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.Grpc;

public static class GrpcReflectionExtensions
{
    /// <summary>Makes <see cref="MapGrpcReflection"/> possible.</summary>
    public static IServiceCollection AddGrpcReflection(this IServiceCollection services) =>
        services.AddSingleton<ReflectionAnswers>().AddSingleton<ReflectionService>().AddSingleton<ReflectionV1AlphaService>();

    /// <summary>
    /// Serves grpc.reflection.v1 and v1alpha, which tell every gRPC service of this host and its messages. Who may ask is the caller's to
    /// say, as for any endpoint.
    /// </summary>
    public static IEndpointConventionBuilder MapGrpcReflection(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("");
        group.MapGrpcService<ReflectionService>();
        group.MapGrpcService<ReflectionV1AlphaService>();
        return group;
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.ServiceDefaults.Browsers;

/// <summary>
/// Lets pages of any origin call an endpoint (CORS). It is for endpoints that a write key opens: such a key stands in pages anyway, and since no
/// cookie is ever looked at, an origin proves nothing.
/// </summary>
public static class BrowserAccess
{
    private const string Policy = "browsers";

    public static TBuilder AllowBrowsers<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireCors(Policy);

    internal static IServiceCollection AddBrowserAccess(this IServiceCollection services) =>
        services.AddCors(cors => cors.AddPolicy(Policy, Describe));

    private static void Describe(CorsPolicyBuilder policy) => policy
        .AllowAnyOrigin()
        .WithMethods("GET", "POST", "OPTIONS")
        .WithHeaders("authorization", "content-type", "if-none-match", "x-api-key", "cache-control", "last-event-id")
        .WithExposedHeaders("ETag", "Retry-After", "x-sse-support")
        .SetPreflightMaxAge(TimeSpan.FromHours(1));
}

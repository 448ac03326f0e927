using CroPlatform.ServiceDefaults.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CroPlatform.ServiceDefaults.Health;

/// <summary>
/// GET /health/routes, for operators: every endpoint of the service and who may call it, so that tests can hold a table of permissions, or an API
/// description, against what is really there.
/// </summary>
internal static class RoutesEndpoint
{
    private const string AnyMethod = "*";

    public static void MapRoutes(this IEndpointRouteBuilder app) => app.MapGet("/health/routes", (HttpContext context, EndpointDataSource endpoints) =>
        OperatorsKey.IsIn(context)
            ? Results.Json(new { routes = endpoints.Endpoints.OfType<RouteEndpoint>().SelectMany(Describe) })
            : OperatorsKey.Refuse()).AllowWithoutKey();

    private static IEnumerable<object> Describe(RouteEndpoint endpoint)
    {
        var requirement = endpoint.Metadata.GetMetadata<KeyRequirement>();
        foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [AnyMethod])
        {
            yield return new
            {
                method,
                route = "/" + endpoint.RoutePattern.RawText!.Trim('/'),
                key = requirement is null ? "nobody" : requirement.Role?.ToString().ToLowerInvariant() ?? "none",
                person = requirement?.Person is { } person ? PersonGrant.NameOf(person) : null,
            };
        }
    }
}

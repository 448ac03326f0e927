using CroPlatform.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>Lets a request through to its endpoint if its bearer key grants the endpoint's role.</summary>
internal sealed class KeyMiddleware(RequestDelegate next, IServiceProvider services)
{
    private readonly IKeyLookup? _keys = services.GetService(typeof(IKeyLookup)) as IKeyLookup;

    public Task InvokeAsync(HttpContext context)
    {
        // What is no route of ours is routing's own answer: 405, 415.
        if (context.GetEndpoint() is not RouteEndpoint endpoint) return next(context);
        if (endpoint.Metadata.GetMetadata<KeyRequirement>() is not { } requirement)
        {
            return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, "forbidden", null, "this endpoint is open to nobody");
        }

        if (requirement.Role is not { } role) return next(context);
        var grant = KeyOf(context, requirement.Header) is { Length: > 0 } key ? _keys?.Find(key) : null;
        if (grant is null && _keys is { IsReady: false })
        {
            // 401 would tell the caller to give up.
            context.Response.Headers.RetryAfter = "1";
            return Problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "starting", null, "keys are still being read; try again");
        }

        if (grant is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Problem.WriteAsync(
                context, StatusCodes.Status401Unauthorized, "unauthorized", "authorization", "send a valid key as 'Authorization: Bearer KEY'");
        }

        if (grant.Role < role)
        {
            var needed = role.ToString().ToLowerInvariant();
            return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, "forbidden", "authorization", $"this needs a key of the role {needed}");
        }

        context.Features.Set(grant);
        return next(context);
    }

    private static ReadOnlySpan<char> KeyOf(HttpContext context, string? otherHeader)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization;
        if (header.Count == 0 && otherHeader is not null) return context.Request.Headers[otherHeader] is [{ } other] ? other.AsSpan().Trim() : default;
        return header.Count == 1 && header[0] is { } value && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? value.AsSpan(scheme.Length).Trim()
            : default;
    }
}

using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>Lets a request through to its endpoint if its bearer, a key or a person's access token, grants the endpoint's role.</summary>
internal sealed class KeyMiddleware(RequestDelegate next, IServiceProvider services)
{
    private readonly Callers? _callers = services.GetService(typeof(Callers)) as Callers;

    public Task InvokeAsync(HttpContext context)
    {
        // What is no route of ours is routing's own answer: 405, 415.
        if (context.GetEndpoint() is not RouteEndpoint endpoint) return next(context);
        if (endpoint.Metadata.GetMetadata<KeyRequirement>() is not { } requirement)
        {
            return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, "forbidden", null, "this endpoint is open to nobody");
        }

        if (requirement.Role is null) return next(context);
        if (_callers is not { } callers) return Refusal.Unauthorized.WriteAsync(context);
        var credential = CredentialOf(context, requirement.Header);
        if (AccessTokens.LooksLikeOne(credential)) return InvokeAsync(context, endpoint, callers, requirement, credential.ToString());
        var grant = credential.IsEmpty ? null : callers.FindKey(credential);
        return callers.Judge(context, grant, requirement, ClassOf(endpoint)) is { } refusal ? refusal.WriteAsync(context) : next(context);
    }

    private async Task InvokeAsync(HttpContext context, RouteEndpoint endpoint, Callers callers, KeyRequirement requirement, string token)
    {
        var refusal = callers.Judge(context, await callers.FindAsync(token), requirement, ClassOf(endpoint));
        await (refusal?.WriteAsync(context) ?? next(context));
    }

    private static RateClass ClassOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<RateLimited>()?.Class ?? RateClass.Management;

    internal static ReadOnlySpan<char> CredentialOf(HttpContext context, string? otherHeader)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization;
        if (header.Count == 0 && otherHeader is not null) return context.Request.Headers[otherHeader] is [{ } other] ? other.AsSpan().Trim() : default;
        return header.Count == 1 && header[0] is { } value && value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? value.AsSpan(scheme.Length).Trim()
            : default;
    }
}

using CroPlatform.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>Why a caller is not let in.</summary>
internal sealed record Refusal(int Status, string Code, string? Field, string Message, TimeSpan? RetryAfter = null)
{
    public static readonly Refusal Unauthorized = new(
        StatusCodes.Status401Unauthorized, "unauthorized", "authorization", "send a valid key or access token as 'Authorization: Bearer …'");

    /// <summary>Not 401, which would tell the caller to give up.</summary>
    public static readonly Refusal Starting = new(
        StatusCodes.Status503ServiceUnavailable, "starting", null, "keys are still being read; try again", TimeSpan.FromSeconds(1));

    public static readonly Refusal Origin = new(
        StatusCodes.Status403Forbidden, "origin_not_allowed", "origin", "this key may not be used by pages of this origin");

    public static Refusal Forbidden(KeyRequirement requirement)
    {
        var key = requirement.Role.ToString()!.ToLowerInvariant();
        return new Refusal(
            StatusCodes.Status403Forbidden,
            "forbidden",
            "authorization",
            requirement.Person is { } person ? $"this needs a key of the role {key}, or a person of the role {PersonGrant.NameOf(person)}" : $"this needs a key of the role {key}");
    }

    public static Refusal TooMany(TimeSpan wait) => new(
        StatusCodes.Status429TooManyRequests, "too_many_requests", null, "this caller makes more requests than it may; try again later", wait);

    public Task WriteAsync(HttpContext context)
    {
        if (Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer";
        if (RetryAfter is { } wait) context.Response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, wait.TotalSeconds)).ToString();
        return Problem.WriteAsync(context, Status, Code, Field, Message);
    }
}

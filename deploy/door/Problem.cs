using Microsoft.AspNetCore.Mvc;

namespace CroPlatform.Door;

/// <summary>The door's own refusals, as problem+json (RFC 9457) with a <c>code</c>.</summary>
internal static class Problem
{
    public static Task WriteAsync(HttpContext context, int status, string code, string detail)
    {
        context.Response.StatusCode = status;
        var problem = new ProblemDetails { Status = status, Detail = detail, Extensions = { ["code"] = code } };
        return context.Response.WriteAsJsonAsync(problem, options: null, contentType: "application/problem+json");
    }
}

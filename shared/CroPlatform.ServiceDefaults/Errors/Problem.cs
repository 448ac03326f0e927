using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CroPlatform.ServiceDefaults.Errors;

/// <summary>How a foreign protocol wants its errors, instead of problem+json; metadata of its endpoints.</summary>
/// <param name="Body">The JSON body, given the status and a message for people.</param>
public sealed record ErrorShape(Func<HttpContext, int, string, JsonObject> Body);

/// <summary>Errors as problem+json (RFC 9457) with <c>code</c> and, where one is at fault, <c>field</c>; to a gRPC caller as a status.</summary>
public static class Problem
{
    public static Task WriteAsync(HttpContext context, int status, string code, string? field, string message)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Response.HasStarted) return Task.CompletedTask;
        if (context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true)
        {
            return WriteGrpcAsync(context, status, field is null ? message : $"{field}: {message}");
        }

        context.Response.StatusCode = status;
        if (context.GetEndpoint()?.Metadata.GetMetadata<ErrorShape>() is { } shape)
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(shape.Body(context, status, message).ToJsonString());
        }

        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(Body(status, code, field, message).ToJsonString());
    }

    /// <summary>As the result of an endpoint.</summary>
    /// <param name="more">Further members of the body.</param>
    public static IResult Result(int status, string code, string? field, string message, JsonObject? more = null)
    {
        var body = Body(status, code, field, message);
        foreach (var (name, value) in more ?? []) body[name] = value?.DeepClone();
        return Results.Text(body.ToJsonString(), "application/problem+json", statusCode: status);
    }

    private static JsonObject Body(int status, string code, string? field, string message)
    {
        var body = new JsonObject
        {
            ["type"] = "about:blank",
            ["title"] = code.Replace('_', ' '),
            ["status"] = status,
            ["code"] = code,
            ["detail"] = message,
        };
        if (field is not null) body["field"] = field;
        return body;
    }

    /// <summary>A trailers-only answer, as the gRPC protocol has it for calls refused before their method runs.</summary>
    private static Task WriteGrpcAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = status switch
        {
            StatusCodes.Status401Unauthorized => "16",
            StatusCodes.Status403Forbidden => "7",
            StatusCodes.Status429TooManyRequests => "8",
            StatusCodes.Status503ServiceUnavailable => "14",
            _ => "13",
        };
        context.Response.Headers["grpc-message"] = Uri.EscapeDataString(message).Replace("%20", " ", StringComparison.Ordinal);
        return context.Response.StartAsync();
    }
}

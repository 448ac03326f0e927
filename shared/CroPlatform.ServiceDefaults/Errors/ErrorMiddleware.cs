using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CroPlatform.ServiceDefaults.Errors;

/// <summary>Turns what escapes an endpoint, and answers without a body, into problem+json. Details go to the log, never to the caller.</summary>
internal sealed partial class ErrorMiddleware(RequestDelegate next, ILogger<ErrorMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            await DescribeAsync(context);
        }
        catch (BadHttpRequestException e)
        {
            var code = e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "too_large" : "bad_request";
            await Problem.WriteAsync(context, e.StatusCode, code, null, e.Message);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has left; there is nobody to answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            LogFault(context.Request.Path, e);
            await Problem.WriteAsync(context, StatusCodes.Status500InternalServerError, "internal", null, "the request failed on our side");
        }
    }

    private static Task DescribeAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.ContentLength is > 0 || response.ContentType is not null) return Task.CompletedTask;
        return response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Problem.WriteAsync(context, 404, "not_found", null, "there is nothing at this path"),
            StatusCodes.Status405MethodNotAllowed => Problem.WriteAsync(context, 405, "method_not_allowed", null, "this path takes other methods"),
            StatusCodes.Status415UnsupportedMediaType => Problem.WriteAsync(context, 415, "unsupported_media_type", "content-type", "send application/json"),
            _ => Task.CompletedTask,
        };
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed")]
    private partial void LogFault(string path, Exception fault);
}

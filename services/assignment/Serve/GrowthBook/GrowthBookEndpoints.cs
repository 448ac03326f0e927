using System.Text.Json.Nodes;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;

namespace CroPlatform.Services.Assignment.Serve.GrowthBook;

/// <summary>
/// What GrowthBook's SDKs ask for, as its SDK connection API has it: <c>GET /api/features/{clientKey}</c>, <c>GET /sub/{clientKey}</c> for live
/// updates, and <c>POST /api/eval/{clientKey}</c> for evaluation here. The client key is a write key; it stands in the path.
/// </summary>
internal static class GrowthBookEndpoints
{
    private static readonly ErrorShape Errors = new((_, status, message) => new JsonObject { ["status"] = status, ["error"] = message });

    public static void MapGrowthBook(this IEndpointRouteBuilder app)
    {
        // No header is asked for, but no answer is given without a key: each looks up the one in its path.
        var group = app.MapGroup("").AllowWithoutKey().AllowBrowsers().WithMetadata(Errors).AddEndpointFilter(RequirePathKeyAsync);
        group.MapGet("/api/features/{clientKey}", (HttpContext context, PayloadCache payloads) => FeaturesAsync(context, payloads));
        group.MapGet("/sub/{clientKey}", (HttpContext context, LiveUpdates updates) => updates.StreamAsync(context, Site(context)));
        group.MapPost("/api/eval/{clientKey}", (HttpContext context, RemoteEvaluation evaluation) => evaluation.AnswerAsync(context, Site(context)));
    }

    private static async Task FeaturesAsync(HttpContext context, PayloadCache payloads)
    {
        var payload = payloads.Of(Site(context));
        var response = context.Response;
        response.Headers["x-sse-support"] = "enabled";
        response.Headers.ETag = payload.Tag.ToString();
        response.Headers.CacheControl = "no-cache";
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(held => held.Compare(payload.Tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = "application/json";
        response.ContentLength = payload.Json.Length;
        await response.Body.WriteAsync(payload.Json, context.RequestAborted);
    }

    private static string Site(HttpContext context) => context.Grant().Site;

    private static async ValueTask<object?> RequirePathKeyAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var key = (string)context.GetRouteValue("clientKey")!;
        if (await context.AdmitAsync(key, KeyRole.Write, RateClass.Assignment, UnknownAsync)) return await next(invocation);
        return Results.Empty;
    }

    private static Task UnknownAsync(HttpContext context) =>
        Problem.WriteAsync(context, StatusCodes.Status404NotFound, "unknown_key", null, "there is no such client key");
}

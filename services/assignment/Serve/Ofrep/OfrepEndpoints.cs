using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Assignment.Decide;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace CroPlatform.Services.Assignment.Serve.Ofrep;

/// <summary>
/// OpenFeature's Remote Evaluation Protocol (open-feature/protocol, service/openapi.yaml): <c>POST /ofrep/v1/evaluate/flags/{key}</c> for one
/// flag, without a key for all of them.
/// </summary>
internal static class OfrepEndpoints
{
    private const string Path = "/ofrep/v1/evaluate/flags";

    private static readonly ErrorShape Errors = new((context, _, message) =>
        OfrepJson.Failure(FlagKey(context), "GENERAL", message));

    public static void MapOfrep(this IEndpointRouteBuilder app) =>
        app.MapPost(Path + "/{**key}", EvaluateAsync).RequireKey(KeyRole.Write, alsoIn: "X-API-Key").LimitAs(RateClass.Assignment).AllowBrowsers().WithMetadata(Errors);

    private static async Task EvaluateAsync(HttpContext context, FlagDesk desk)
    {
        var flag = FlagKey(context);
        JsonElement evaluation;
        try
        {
            evaluation = await OfrepJson.ReadContextAsync(context);
        }
        catch (InvalidContextException e)
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, OfrepJson.Failure(flag, e.Code, e.Message));
            return;
        }

        var site = context.Grant().Site;
        if (flag is null) await WriteAllAsync(context, await desk.EvaluateAllAsync(site, evaluation));
        else await WriteOneAsync(context, await desk.EvaluateAsync(site, flag, evaluation));
    }

    private static Task WriteOneAsync(HttpContext context, FlagAnswer answer) => WriteAsync(
        context,
        answer.Fault switch
        {
            FlagFault.None => StatusCodes.Status200OK,
            FlagFault.NotFound => StatusCodes.Status404NotFound,
            _ => StatusCodes.Status400BadRequest,
        },
        OfrepJson.Of(answer));

    /// <summary>
    /// The tag is a digest of the body, so that it changes with the configuration and with the context: a page whose attributes changed must not
    /// keep its old variants.
    /// </summary>
    private static async Task WriteAllAsync(HttpContext context, IReadOnlyList<FlagAnswer> answers)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["flags"] = new JsonArray([.. answers.Select(a => (JsonNode)OfrepJson.Of(a))]),
            ["metadata"] = new JsonObject(),
        });
        var tag = new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(body).AsSpan(0, 16))}\"");
        context.Response.Headers.ETag = tag.ToString();
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(held => held.Compare(tag, useStrongComparison: false)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    /// <summary>
    /// The key as it stands in the request line, decoded once: some clients send it raw, and routing would leave an encoded slash encoded. Null
    /// where there is none.
    /// </summary>
    private static string? FlagKey(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = end < 0 ? target : target[..end];
        var start = path.IndexOf(Path, StringComparison.OrdinalIgnoreCase) + Path.Length + 1;
        return start < path.Length ? Uri.UnescapeDataString(path[start..]) : null;
    }
}

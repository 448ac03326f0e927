using System.Net;
using System.Security.Cryptography;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Publish.Webhooks;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Store.Webhooks;

namespace CroPlatform.Services.Experiments.Receive.Webhooks;

/// <summary>POST /api/v1/webhooks.</summary>
/// <param name="Events">Actions of the audit log (experiment.started), a kind (experiment.*), or * for all.</param>
/// <param name="Secret">whsec_ and base64 of 24 to 64 bytes; null: one is made.</param>
internal sealed record WebhookRequest(string? Url, IReadOnlyList<string?>? Events, string? Secret);

/// <summary>Webhooks of the caller's site: told at once what the audit log writes down.</summary>
internal static class WebhookEndpoints
{
    private const int MaxUrl = 2_000;
    private const int MaxEvents = 50;
    private const int MaxDeliveries = 1_000;

    public static void MapWebhooks(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/webhooks", async (HttpContext context, WebhookStore store, CancellationToken ct) =>
            Results.Json(new { webhooks = (await store.ListAsync(context.Grant().Site, ct)).Select(w => View(w, null)) }, JsonBody.Options)).RequirePerson(PersonRole.Admin);

        app.MapPost("/api/v1/webhooks", async (HttpContext context, WebhookStore store, PublicAddresses addresses, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<WebhookRequest>(context);
            if (request is null) return problem!.ToResult();
            var problems = Check(request, addresses, out var secret);
            if (problems.Count > 0) return problems[0].ToResult();
            var made = await store.TryAddAsync(context.Grant().Site, request.Url!, [.. request.Events!.Distinct()!], secret, context.Grant().Actor, ct);
            return made is null
                ? new FieldProblem("conflict", null, $"a site may have {WebhookStore.MostPerSite} webhooks").ToResult()
                : Results.Json(View(made, WebhookClient.SecretPrefix + Convert.ToBase64String(secret)), JsonBody.Options, statusCode: StatusCodes.Status201Created);
        }).RequirePerson(PersonRole.Admin);

        app.MapDelete("/api/v1/webhooks/{id}", async (string id, HttpContext context, WebhookStore store, CancellationToken ct) =>
            await store.TryDeleteAsync(context.Grant().Site, id, context.Grant().Actor, ct) ? Results.NoContent() : Answers.NotFound("webhook", id))
            .RequirePerson(PersonRole.Admin);

        app.MapGet("/api/v1/webhooks/{id}/deliveries", async (string id, HttpContext context, WebhookStore store, CancellationToken ct) =>
        {
            var (query, problem) = ListQuery.Read(context.Request.Query, ["-created_at"]);
            if (query is null) return problem!.ToResult();
            return await store.DeliveriesAsync(context.Grant().Site, id, Math.Min(query.Limit, MaxDeliveries), ct) is { } deliveries
                ? Results.Json(new { deliveries = deliveries.Select(View) }, JsonBody.Options)
                : Answers.NotFound("webhook", id);
        }).RequirePerson(PersonRole.Admin);
    }

    internal static IReadOnlyList<FieldProblem> Check(WebhookRequest request, PublicAddresses addresses, out byte[] secret)
    {
        var problems = new FieldProblems();
        secret = [];
        if (string.IsNullOrEmpty(request.Url)) problems.Missing("url");
        else if (request.Url.Length > MaxUrl || !Uri.TryCreate(request.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
        {
            problems.Add("invalid_url", "url", "url is an http or https address without a user name");
        }
        else if (IPAddress.TryParse(url.DnsSafeHost, out var literal) && !addresses.Includes(literal))
        {
            problems.Add("address_not_allowed", "url", "webhooks may not call this address");
        }

        if (problems.Items(request.Events, "events", MaxEvents))
        {
            for (var i = 0; i < request.Events!.Count; i++)
            {
                if (!IsEvent(request.Events[i]!)) problems.Add("invalid_event", $"events[{i}]", "an event is as in experiment.started, experiment.* or *");
            }
        }
        else if (problems.All.All(p => p.Field is null || !p.Field.StartsWith("events", StringComparison.Ordinal)))
        {
            problems.Missing("events");
        }

        if (request.Secret is null) secret = RandomNumberGenerator.GetBytes(32);
        else if (!IsSecret(request.Secret, out secret)) problems.Add("invalid_secret", "secret", "a secret is whsec_ and base64 of 24 to 64 bytes");
        return problems.All;
    }

    private static bool IsEvent(string text) =>
        text == "*" || (text.Split('.') is [{ Length: > 0 } kind, { Length: > 0 } what] && kind.All(IsNamePart) && (what == "*" || what.All(IsNamePart)));

    private static bool IsNamePart(char c) => char.IsAsciiLetterLower(c) || c == '_';

    private static bool IsSecret(string text, out byte[] secret)
    {
        secret = [];
        var buffer = new byte[64];
        if (!text.StartsWith(WebhookClient.SecretPrefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(text[WebhookClient.SecretPrefix.Length..], buffer, out var length) || length < 24)
        {
            return false;
        }

        secret = buffer[..length];
        return true;
    }

    private static object View(WebhookRow webhook, string? secret) => new
    {
        id = webhook.Id,
        url = webhook.Url,
        events = webhook.Events,
        secret,
        created_at = webhook.Created_At,
        created_by = webhook.Created_By,
    };

    private static object View(DeliveryRow delivery) => new
    {
        id = delivery.Id,
        @event = delivery.Event,
        status = delivery.Delivered_At is not null ? "delivered" : delivery.Next_At is null ? "failed" : "pending",
        attempts = delivery.Attempts,
        created_at = delivery.Created_At,
        next_at = delivery.Next_At,
        delivered_at = delivery.Delivered_At,
        last_status = delivery.Last_Status,
        last_error = delivery.Last_Error,
    };
}

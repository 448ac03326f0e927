using System.Text.Json;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Ingestion.Check;
using CroPlatform.Services.Ingestion.Publish;
using CroPlatform.Services.Ingestion.Store;
using Google.Protobuf;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Ingestion.Receive;

/// <summary>
/// POST /v1/events: one event, or <c>{"sent_at", "events"}</c>. 202 says that the log, or the synced spool, has every accepted event; 400, 401, 413 and 503
/// are for the request as a whole and mean that nothing of it needs to be there.
/// </summary>
internal sealed class EventsEndpoint(EventChecker checker, VisitorLimits visitors, EventPublisher publisher, TimeProvider clock, IOptions<IngestionOptions> options)
{
    private const int RawKept = 4_096;

    public async Task ReceiveAsync(HttpContext context)
    {
        if (context.Request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
        {
            await Problem.WriteAsync(context, 415, "unsupported_encoding", "content-encoding", "send the body as it is, without content-encoding");
            return;
        }

        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, context.RequestAborted);
        }
        catch (JsonException e)
        {
            await Problem.WriteAsync(context, 400, "malformed_json", null, $"the body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
            return;
        }

        using (document)
        {
            var received = clock.GetUtcNow().ToUnixTimeMilliseconds();
            var request = EventsRequest.Read(document.RootElement, received, options.Value.MaxEvents);
            if (request.Fault is { } fault)
            {
                await Problem.WriteAsync(context, fault.Status, fault.Code, fault.Field, fault.Message);
                return;
            }

            await AnswerAsync(context, request, new Receipt(context.Grant().Site, received, request.ClockOffsetMs));
        }
    }

    private async Task AnswerAsync(HttpContext context, EventsRequest request, Receipt receipt)
    {
        var accepted = new List<Event>(request.Count);
        var rejected = new List<RejectedItem>();
        var refused = new List<RejectedEvent>();
        var index = 0;
        foreach (var json in request.Events())
        {
            if ((checker.Check(json, receipt, out var accept) ?? visitors.Take(receipt.Site, accept.VisitorId)) is { } refusal)
            {
                rejected.Add(new RejectedItem(index, refusal.Code, refusal.Field, refusal.Message));
                refused.Add(Record(json, receipt, refusal));
            }
            else
            {
                accepted.Add(accept);
            }

            index++;
        }

        try
        {
            await publisher.PublishAsync(accepted, refused);
        }
        catch (LogUnavailableException)
        {
            context.Response.Headers.RetryAfter = "1";
            await Problem.WriteAsync(context, 503, "log_unavailable", null, "the event log does not answer; send the same events with the same ids again");
            return;
        }

        catch (SpoolFullException)
        {
            context.Response.Headers.RetryAfter = "10";
            await Problem.WriteAsync(context, 503, "spool_full", null, "the event log does not answer and the spool has no room; send the same events with the same ids again");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        var answer = JsonSerializer.SerializeToUtf8Bytes(new EventsAnswer(accepted.Count, rejected), AnswerJson.Default.EventsAnswer);
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer);
    }

    private static RejectedEvent Record(JsonElement json, in Receipt receipt, Refusal refusal)
    {
        var raw = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(json);
        return new RejectedEvent
        {
            Site = receipt.Site,
            Code = refusal.Code,
            Field = refusal.Field,
            Message = refusal.Message,
            ReceivedMs = receipt.ReceivedMs,
            Raw = ByteString.CopyFrom(raw[..Math.Min(raw.Length, RawKept)]),
        };
    }
}

internal static class EventsMapping
{
    // One handler for all requests: resolving its parts for each would open a scope each time.
    public static void MapEvents(this IEndpointRouteBuilder app) =>
        app.MapPost("/v1/events", app.ServiceProvider.GetRequiredService<EventsEndpoint>().ReceiveAsync).RequireKey(KeyRole.Write).LimitAs(RateClass.Events).AllowBrowsers();
}

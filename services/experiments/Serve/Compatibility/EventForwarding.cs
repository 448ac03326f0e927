using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>Where the services stand whose paths existing clients reach through these.</summary>
public sealed record PeerOptions
{
    public const string Section = "Peers";

    [Required(ErrorMessage = "Peers:Ingestion must be set, say http://localhost:5001")]
    public string Ingestion { get; init; } = "";

    [Required(ErrorMessage = "Peers:Assignment must be set: its HTTP address, say http://localhost:5003")]
    public string Assignment { get; init; } = "";
}

/// <summary>
/// Takes events in the shape of existing clients and passes them on to the gateway, with the caller's own key: what was accepted is in the log, and
/// the gateway's answer is the answer.
/// </summary>
internal sealed class EventForwarding(CatalogReader catalog, ExperimentStore experiments, IOptions<PeerOptions> peers) : IDisposable
{
    private readonly HttpClient _gateway = new() { BaseAddress = new Uri(peers.Value.Ingestion), Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>One event: its refusal is the request's.</summary>
    public async Task<IResult> ForwardAsync(HttpContext context, JsonElement body, CancellationToken ct)
    {
        var (legacy, problem) = LegacyEvent.Read(body);
        problem ??= await ProblemAsync(context.Grant().Site, legacy!, ct);
        if (problem is not null) return problem.ToResult();
        var (answer, failed) = await SendAsync(context, [legacy!.Event], null, ct);
        if (failed is not null) return failed;
        return answer!.Rejected is [{ } refused]
            ? Problem.Result(StatusCodes.Status400BadRequest, refused.Code, LegacyName(refused.Field), refused.Message)
            : Results.Json(answer, EventsAnswer.Json, statusCode: StatusCodes.Status202Accepted);
    }

    /// <summary>Several: <c>{"events": […]}</c>, or the array alone. Refused ones are listed with their places.</summary>
    public async Task<IResult> ForwardAllAsync(HttpContext context, JsonElement body, CancellationToken ct)
    {
        var events = body.ValueKind == JsonValueKind.Array ? body : body.ValueKind == JsonValueKind.Object && body.TryGetProperty("events", out var list) ? list : default;
        if (events.ValueKind != JsonValueKind.Array) return new FieldProblem("missing", "events", "events must be an array").ToResult();
        var (places, good, rejected) = (new List<int>(), new List<JsonObject>(), new List<RejectedItem>());
        var index = 0;
        foreach (var item in events.EnumerateArray())
        {
            var (legacy, problem) = LegacyEvent.Read(item);
            problem ??= await ProblemAsync(context.Grant().Site, legacy!, ct);
            if (problem is not null)
            {
                rejected.Add(new RejectedItem(index, problem.Code, problem.Field, problem.Message));
            }
            else
            {
                places.Add(index);
                good.Add(legacy!.Event);
            }

            index++;
        }

        var sentAt = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("sent_at", out var sent) && BodyText.FaultIn(sent) is null ? JsonNode.Parse(sent.GetRawText()) : null;
        var (answer, failed) = good.Count == 0 ? (new EventsAnswer(0, []), null) : await SendAsync(context, good, sentAt, ct);
        if (failed is not null) return failed;
        rejected.AddRange(answer!.Rejected.Select(r => r with { Index = places[r.Index], Field = LegacyName(r.Field) }));
        return Results.Json(
            new EventsAnswer(answer.Accepted, [.. rejected.OrderBy(r => r.Index)]), EventsAnswer.Json, statusCode: StatusCodes.Status202Accepted);
    }

    public void Dispose() => _gateway.Dispose();

    /// <summary>An event of a test that there is not would be kept for ever in the hope that the test comes.</summary>
    private async Task<FieldProblem?> ProblemAsync(string site, LegacyEvent legacy, CancellationToken ct)
    {
        if (legacy.Test is not { } test) return null;
        if (catalog.Current.Find(site, test)?.Current is { } experiment)
        {
            return legacy.Variant is { } variant && experiment.IndexOfVariant(variant) < 0
                ? new FieldProblem("unknown_variant", "variant_id", $"test '{test}' has no variant '{variant}'")
                : null;
        }

        return await experiments.FindAsync(site, test, ct) switch
        {
            null => new FieldProblem("not_found", "test_id", $"there is no test '{test}'"),
            { Published: null } => new FieldProblem("conflict", "test_id", $"test '{test}' was not started yet"),
            _ => null,
        };
    }

    private async Task<(EventsAnswer? Answer, IResult? Failed)> SendAsync(
        HttpContext context, IEnumerable<JsonObject> events, JsonNode? sentAt, CancellationToken ct)
    {
        var batch = new JsonObject { ["events"] = new JsonArray([.. events]) };
        if (sentAt is not null) batch["sent_at"] = sentAt;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = JsonContent.Create(batch) };
        request.CopyCaller(context);
        try
        {
            using var response = await _gateway.SendAsync(request, ct);
            if (response.StatusCode == System.Net.HttpStatusCode.Accepted) return ((await response.Content.ReadFromJsonAsync<EventsAnswer>(EventsAnswer.Json, ct))!, null);
            if (response.Headers.RetryAfter is { } wait) context.Response.Headers.RetryAfter = wait.ToString();
            return (null, Results.Text(await response.Content.ReadAsStringAsync(ct), "application/problem+json", statusCode: (int)response.StatusCode));
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            context.Response.Headers.RetryAfter = "1";
            return (null, Problem.Result(StatusCodes.Status503ServiceUnavailable, "gateway_unavailable", null, "the gateway does not answer; send the same events with the same ids again"));
        }
    }

    private static string? LegacyName(string? field) => field switch
    {
        "type" => "event_type",
        "experiment" => "test_id",
        "variant" => "variant_id",
        "context.device_type" => "device_type",
        _ => field,
    };
}

/// <summary>What the gateway answers.</summary>
internal sealed record EventsAnswer(int Accepted, IReadOnlyList<RejectedItem> Rejected)
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

internal sealed record RejectedItem(int Index, string Code, string? Field, string Message);

internal static class CallerHeaders
{
    /// <summary>The request goes on under the key, and from the origin, that it came with.</summary>
    public static void CopyCaller(this HttpRequestMessage request, HttpContext context)
    {
        foreach (var name in (string[])["Authorization", "Origin"])
        {
            if (context.Request.Headers[name] is [{ } value]) request.Headers.TryAddWithoutValidation(name, value);
        }
    }
}

using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>The paths under /api/v1/conversion/ab-testing. A test made here is a draft, and the platform gives units their variants.</summary>
internal static class AbTestingEndpoints
{
    public static void MapAbTesting(this IEndpointRouteBuilder app)
    {
        var paths = app.MapGroup("/api/v1/conversion/ab-testing");
        paths.MapPost("/tests", async (HttpContext context, LegacyTests tests, CancellationToken ct) => await tests.CreateAsync(context, "platform", starts: false, ct))
            .RequirePerson(PersonRole.Editor);
        paths.MapGet("/tests", ListAsync).RequirePerson(PersonRole.Viewer);
        paths.MapGet("/assignment", async (HttpContext context, AssignmentForwarding assignment, CancellationToken ct) => await assignment.AnswerAsync(context, ct))
            .RequireKey(KeyRole.Write).LimitAs(RateClass.Assignment).AllowBrowsers();
        paths.MapPost("/events", async (HttpContext context, EventForwarding events, CancellationToken ct) =>
        {
            var (body, problem) = await JsonBody.ReadAsync<JsonDocument>(context);
            if (body is null) return problem!.ToResult();
            var isBatch = body.RootElement.ValueKind == JsonValueKind.Array || (body.RootElement.ValueKind == JsonValueKind.Object && body.RootElement.TryGetProperty("events", out _));
            return isBatch ? await events.ForwardAllAsync(context, body.RootElement, ct) : await events.ForwardAsync(context, body.RootElement, ct);
        }).RequireKey(KeyRole.Write).LimitAs(RateClass.Events).AllowBrowsers();
        paths.MapGet("/tests/{id}/results", ResultsAsync).RequirePerson(PersonRole.Viewer);
        paths.MapPut("/tests/{id}/control", ControlAsync).RequirePerson(PersonRole.Editor);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ExperimentStore store, ResultsReader results, CancellationToken ct)
    {
        var (query, problem) = ListQuery.Read(context.Request.Query, ["-created_at", "started_at", "name", "status"], "status");
        if (query is null) return problem!.ToResult();
        var site = context.Grant().Site;
        var (tests, total) = await store.PageAsync(site, query, ct);
        return Results.Json(
            new { Tests = tests.Select(t => LegacyTests.Show(Performance.Of(site, t, results))), Total = total, NextOffset = query.Next(tests.Count, total) }, JsonBody.Options);
    }

    private static async Task<IResult> ResultsAsync(string id, HttpContext context, ExperimentStore store, ResultsReader results, CancellationToken ct)
    {
        var site = context.Grant().Site;
        if (await store.FindAsync(site, id, ct) is not { } stored) return new FieldProblem("not_found", "test_id", $"there is no test '{id}'").ToResult();
        var shown = JsonSerializer.SerializeToNode(LegacyTests.Show(Performance.Of(site, stored, results)), JsonBody.Options)!;
        shown["results"] = results.Find(site, id) is { } published ? JsonNode.Parse(published.ResultsJson.Span) : null;
        return Results.Json(shown, JsonBody.Options);
    }

    private static async Task<IResult> ControlAsync(string id, HttpContext context, LegacyTests tests, CancellationToken ct)
    {
        var (request, problem) = await JsonBody.ReadAsync<ControlRequest>(context);
        return request is null ? problem!.ToResult() : await tests.ControlAsync(context, id, request, ct);
    }
}

/// <summary>The body of PUT …/tests/{id}/control.</summary>
public sealed record ControlRequest
{
    public string? Action { get; init; }

    /// <summary>What is rolled out; the winner unless given.</summary>
    public string? VariantId { get; init; }

    /// <summary>To which share of units, 0 to 1; the next step unless given.</summary>
    public double? Share { get; init; }

    /// <summary>Why it is rolled back.</summary>
    public string? Reason { get; init; }
}

/// <summary>Asks the assignment service, with the caller's own key, which variant a unit gets.</summary>
internal sealed class AssignmentForwarding(CatalogReader catalog, IOptions<PeerOptions> peers) : IDisposable
{
    private readonly HttpClient _assignment = new() { BaseAddress = new Uri(peers.Value.Assignment), Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>
    /// <c>?test_id=&amp;session_id=</c>; a visitor_id goes before, and everything else is an attribute for targeting. A test that is not known is
    /// no error: the page shows what it has.
    /// </summary>
    public async Task<IResult> AnswerAsync(HttpContext context, CancellationToken ct)
    {
        var query = context.Request.Query;
        if (query["test_id"] is not [{ Length: > 0 } test]) return new FieldProblem("missing", "test_id", "test_id is required").ToResult();
        if ((Text(query, "visitor_id") ?? Text(query, "session_id")) is not { } unit) return new FieldProblem("missing", "session_id", "session_id is required").ToResult();
        var attributes = new JsonObject();
        foreach (var (name, values) in query.Where(q => q.Key != "test_id")) attributes[name] = values.ToString();
        attributes["targetingKey"] = unit;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/ofrep/v1/evaluate/flags/{Uri.EscapeDataString(test)}")
        {
            Content = JsonContent.Create(new JsonObject { ["context"] = attributes }),
        };
        request.CopyCaller(context);
        try
        {
            using var response = await _assignment.SendAsync(request, ct);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound)
            {
                var answer = response.StatusCode == HttpStatusCode.OK ? (await response.Content.ReadFromJsonAsync<JsonNode>(ct))! : null;
                return Results.Json(Assigned(context.Grant().Site, test, unit, answer), JsonBody.Options);
            }

            return Problem.Result((int)response.StatusCode, "assignment_refused", null, await response.Content.ReadAsStringAsync(ct));
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            context.Response.Headers.RetryAfter = "1";
            return Problem.Result(StatusCodes.Status503ServiceUnavailable, "assignment_unavailable", null, "the assignment service does not answer; show the control");
        }
    }

    public void Dispose() => _assignment.Dispose();

    /// <param name="flag">The answer of the flag protocol; null where the test is not known.</param>
    private object Assigned(string site, string test, string unit, JsonNode? flag)
    {
        var key = (string?)flag?["variant"];
        var variant = catalog.Current.Find(site, test)?.Current?.Variants.FirstOrDefault(v => v.Key == key);
        return new
        {
            TestId = test,
            SessionId = unit,
            VariantId = key,
            VariantName = variant?.Name ?? key,
            Config = variant is { ConfigJson.IsEmpty: false } ? JsonNode.Parse(variant.ConfigJson.Span) : null,
            InExperiment = (bool?)flag?["metadata"]?["in_experiment"] ?? false,
            Reason = flag is null ? "unknown_experiment" : (string?)flag["metadata"]?["cause"],
        };
    }

    private static string? Text(IQueryCollection query, string name) => query[name] is [{ Length: > 0 } value] ? value : null;
}

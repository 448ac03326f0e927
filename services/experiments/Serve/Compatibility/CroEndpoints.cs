using System.Globalization;
using System.Text.Json;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Browsers;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>The paths under /api/cro that existing clients use. A test made here runs at once, and its events declare their variants.</summary>
internal static class CroEndpoints
{
    private const int MaxRows = 1_000;

    public static void MapCro(this IEndpointRouteBuilder app)
    {
        var cro = app.MapGroup("/api/cro");
        cro.MapGet("/overview", Read((all, _) => Overview(all))).RequirePerson(PersonRole.Viewer);
        cro.MapGet("/active-tests", Read((all, limit) => Tests(all.Where(p => p.Test.Status is "running" or "paused"), limit))).RequirePerson(PersonRole.Viewer);
        cro.MapGet("/recent-winners", Read((all, limit) => Winners(all, limit))).RequirePerson(PersonRole.Viewer);
        cro.MapGet("/asset-performance", Read((all, limit) => Assets(all, limit))).RequirePerson(PersonRole.Viewer);
        cro.MapGet("/performance-analysis", Read((all, limit) => Analysis(all, limit))).RequirePerson(PersonRole.Viewer);
        cro.MapPost("/tests", async (HttpContext context, LegacyTests tests, CancellationToken ct) => await tests.CreateAsync(context, "external", starts: true, ct))
            .RequirePerson(PersonRole.Editor);
        cro.MapPost("/tests/{id}/end", async (string id, HttpContext context, LegacyTests tests, CancellationToken ct) => await tests.ControlAsync(context, id, new ControlRequest { Action = "stop" }, ct))
            .RequirePerson(PersonRole.Editor);
        cro.MapPost("/events", async (HttpContext context, EventForwarding events, CancellationToken ct) =>
        {
            var (body, problem) = await JsonBody.ReadAsync<JsonDocument>(context);
            return body is null ? problem!.ToResult() : await events.ForwardAsync(context, body.RootElement, ct);
        }).RequireKey(KeyRole.Write).LimitAs(RateClass.Events).AllowBrowsers();
        cro.MapNotYet("GET", "/recommendations", PersonRole.Viewer);
        cro.MapNotYet("POST", "/orchestrate", PersonRole.Editor);
        cro.MapNotYet("POST", "/ml/train", PersonRole.Editor);
        cro.MapNotYet("POST", "/ml/predict", PersonRole.Viewer);
    }

    private static object Overview(IReadOnlyList<Performance> all)
    {
        var winners = all.Where(p => p.Winner is not null).ToList();
        var conversions = all.Where(p => p.Conversions is not null).ToList();
        var (converted, seen) = (conversions.Sum(p => p.Conversions!.Value), conversions.Sum(p => p.Impressions));
        return new
        {
            TotalTests = all.Count,
            ActiveTests = all.Count(p => p.Test.Status is "running" or "paused"),
            CompletedTests = all.Count(p => p.Test.Status is "completed" or "rolled_back"),
            Winners = winners.Count,
            TotalImpressions = all.Sum(p => p.Impressions),
            TotalConversions = converted,
            ConversionRate = seen > 0 ? converted / seen : (double?)null,
            AverageLift = winners.Count > 0 ? winners.Average(p => p.Winner!.Lift) : null,
        };
    }

    private static object Tests(IEnumerable<Performance> some, int limit)
    {
        var tests = some.OrderByDescending(p => p.Test.StartedAt).ToList();
        return new { Tests = tests.Take(limit).Select(LegacyTests.Show), Total = tests.Count };
    }

    private static object Winners(IReadOnlyList<Performance> all, int limit)
    {
        var winners = all.Where(p => p.Winner is not null).OrderByDescending(p => p.Test.EndedAt ?? p.AsOf).ToList();
        return new
        {
            Winners = winners.Take(limit).Select(p => new
            {
                TestId = p.Test.Id,
                p.Test.Name,
                p.Test.Type,
                p.Test.Status,
                p.Metric,
                p.Winner,
                p.Winner!.Lift,
                p.Winner.PValue,
                p.Test.EndedAt,
            }),
            Total = winners.Count,
        };
    }

    private static object Assets(IReadOnlyList<Performance> all, int limit)
    {
        var assets = all.SelectMany(p => p.Arms).OrderByDescending(a => a.ConversionRate).ThenBy(a => a.TestId, StringComparer.Ordinal).ToList();
        return new { Assets = assets.Take(limit), Total = assets.Count };
    }

    private static object Analysis(IReadOnlyList<Performance> all, int limit)
    {
        var started = all.Where(p => p.Test.StartedAt is not null).OrderByDescending(p => p.Test.StartedAt).ToList();
        return new
        {
            Summary = new
            {
                Tests = started.Count,
                Verdicts = started.GroupBy(p => p.Verdict).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count()),
                BrokenSampleRatios = started.Count(p => p.SampleRatioOk == false),
            },
            Tests = started.Take(limit).Select(LegacyTests.Show),
            Total = started.Count,
        };
    }

    /// <summary>Over the newest tests of the caller's site; <c>?limit=</c> cuts lists, <c>?test_id=</c> keeps one test.</summary>
    private static Delegate Read(Func<IReadOnlyList<Performance>, int, object> view) => async (
        HttpContext context, ExperimentStore store, ResultsReader results, CancellationToken ct) =>
    {
        var limit = 100;
        if (context.Request.Query["limit"] is [{ Length: > 0 } text] && !(int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxRows))
        {
            return new FieldProblem("out_of_range", "limit", $"limit must lie between 1 and {MaxRows}").ToResult();
        }

        var site = context.Grant().Site;
        var one = context.Request.Query["test_id"] is [{ Length: > 0 } id] ? id : null;
        var stored = one is null ? await store.ListAsync(site, ct) : [.. new[] { await store.FindAsync(site, one, ct) }.OfType<StoredExperiment>()];
        if (one is not null && stored.Count == 0) return new FieldProblem("not_found", "test_id", $"there is no test '{one}'").ToResult();
        return Results.Json(view([.. stored.Select(s => Performance.Of(site, s, results))], limit), JsonBody.Options);
    };
}

using CroPlatform.Kafka;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>Makes, steers and shows tests by the same commands and queries as our own API.</summary>
internal sealed class LegacyTests(ExperimentCommands commands, LifeCycleCommands life, ExperimentStore experiments, MetricStore metrics, ResultsReader results)
{
    /// <param name="assignment">Who gives units their variants unless the request says.</param>
    /// <param name="starts">Whether the test runs at once unless the request says.</param>
    public async Task<IResult> CreateAsync(HttpContext context, string assignment, bool starts, CancellationToken ct)
    {
        var (caller, problem) = await Caller.OfAsync(context);
        if (caller is null) return problem!.ToResult();
        (var request, problem) = await JsonBody.ReadAsync<LegacyTestRequest>(context);
        if (request is null) return problem!.ToResult();
        (var draft, problem) = LegacyDraft.Of(request, assignment, caller.Idempotency?.Key);
        if (draft is null) return problem!.ToResult();
        if (draft.Metrics.SelectMany(MetricRules.Check).Concat(ExperimentRules.Check(draft.Experiment)).FirstOrDefault() is { } fault) return fault.ToResult();
        await metrics.AddMissingAsync(caller.Site, caller.Actor, draft.Metrics, ct);
        var outcome = await commands.CreateAsync(caller, draft.Experiment, ct);

        // The key has done its work: what is left of a command that came again is the start.
        var key = draft.Experiment.Key!;
        var mustStart = outcome.Problem is null && (request.Start ?? starts) && await experiments.FindAsync(caller.Site, key, ct) is { Status: "draft" };
        if (mustStart) outcome = await life.StartAsync(caller with { Idempotency = null }, key, null, ct);
        return outcome.Problem is null ? await ShowAsync(caller.Site, key, StatusCodes.Status201Created, ct) : outcome.Problem.ToResult();
    }

    public async Task<IResult> ControlAsync(HttpContext context, string id, ControlRequest request, CancellationToken ct)
    {
        var (caller, problem) = await Caller.OfAsync(context);
        if (caller is null) return problem!.ToResult();
        var outcome = request.Action switch
        {
            "start" => await life.StartAsync(caller, id, null, ct),
            "pause" => await life.PauseAsync(caller, id, null, ct),
            "resume" => await life.ResumeAsync(caller, id, null, ct),
            "stop" => await life.StopAsync(caller, id, null, ct),
            "roll_out" => await life.RollOutAsync(caller, id, await TargetAsync(caller.Site, id, request, ct), null, ct),
            "roll_back" => await life.RollBackAsync(caller, id, request.Reason ?? "asked for by its control", ct),
            _ => Outcome.Refused(new FieldProblem("out_of_range", "action", "action must be start, pause, resume, stop, roll_out or roll_back")),
        };
        return outcome.Problem is null ? await ShowAsync(caller.Site, id, StatusCodes.Status200OK, ct) : outcome.Problem.ToResult();
    }

    /// <summary>The winner is rolled out unless a variant is given.</summary>
    private async Task<RollOutRequest> TargetAsync(string site, string id, ControlRequest request, CancellationToken ct)
    {
        var stored = request.VariantId is null ? await experiments.FindAsync(site, id, ct) : null;
        var winner = stored is { Published.Served: null } ? Performance.Of(site, stored, results).Winner?.VariantId : null;
        return new RollOutRequest { Variant = request.VariantId ?? winner, Share = request.Share };
    }

    public async Task<IResult> ShowAsync(string site, string id, int status, CancellationToken ct) =>
        await experiments.FindAsync(site, id, ct) is { } stored
            ? Results.Json(Show(Performance.Of(site, stored, results)), JsonBody.Options, statusCode: status)
            : new FieldProblem("not_found", "test_id", $"there is no test '{id}'").ToResult();

    /// <summary>A test with its figures.</summary>
    public static object Show(Performance performance) => new
    {
        performance.Test.Id,
        performance.Test.TestId,
        performance.Test.Name,
        performance.Test.Type,
        performance.Test.Status,
        performance.Test.Hypothesis,
        performance.Test.CreatedAt,
        performance.Test.StartedAt,
        performance.Test.EndedAt,
        performance.Metric,
        performance.Impressions,
        performance.Conversions,
        performance.ConversionRate,
        performance.Verdict,
        performance.Reasons,
        Winner = performance.Winner?.VariantId,
        performance.SampleRatioOk,
        performance.AsOf,
        Variants = performance.Arms.Zip(performance.Test.Variants, (arm, variant) => new
        {
            Id = arm.VariantId,
            arm.VariantId,
            arm.Name,
            arm.Config,
            variant.Weight,
            arm.IsControl,
            arm.Impressions,
            arm.Conversions,
            arm.ConversionRate,
            arm.Lift,
            arm.ConfidenceInterval,
            arm.PValue,
        }),
    };
}

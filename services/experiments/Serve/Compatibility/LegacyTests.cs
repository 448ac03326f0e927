using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve.Compatibility;

/// <summary>Makes, steers and shows tests by the same commands and queries as our own API.</summary>
internal sealed class LegacyTests(ExperimentCommands commands, ExperimentStore experiments, MetricStore metrics, ResultsReader results)
{
    /// <param name="assignment">Who gives units their variants unless the request says.</param>
    /// <param name="starts">Whether the test runs at once unless the request says.</param>
    public async Task<IResult> CreateAsync(HttpContext context, string assignment, bool starts, CancellationToken ct)
    {
        var (site, actor) = (context.Grant().Site, context.Grant().Actor);
        var (request, problem) = await JsonBody.ReadAsync<LegacyTestRequest>(context);
        if (request is null) return problem!.ToResult();
        (var draft, problem) = LegacyDraft.Of(request, assignment);
        if (draft is null) return problem!.ToResult();
        if (draft.Metrics.SelectMany(MetricRules.Check).Concat(ExperimentRules.Check(draft.Experiment)).FirstOrDefault() is { } fault) return fault.ToResult();
        await metrics.AddMissingAsync(site, actor, draft.Metrics, ct);
        problem = await commands.CreateAsync(site, draft.Experiment, ct);
        if (problem is null && (request.Start ?? starts)) problem = await commands.TransitAsync(site, draft.Experiment.Key!, "start", ct);
        return problem is null ? await ShowAsync(site, draft.Experiment.Key!, StatusCodes.Status201Created, ct) : problem.ToResult();
    }

    /// <param name="command">A command of the life cycle.</param>
    public async Task<IResult> ControlAsync(HttpContext context, string id, string command, CancellationToken ct)
    {
        var site = context.Grant().Site;
        return await commands.TransitAsync(site, id, command, ct) is { } problem ? problem.ToResult() : await ShowAsync(site, id, StatusCodes.Status200OK, ct);
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

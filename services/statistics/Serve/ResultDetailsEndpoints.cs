using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Publish;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Statistics.Serve;

/// <summary>What lies behind an experiment's results: over time, by day, by dimension, and how good the data are.</summary>
internal static class ResultDetailsEndpoints
{
    private const int MostHours = 2_000;

    public static void MapResultDetails(this IEndpointRouteBuilder app)
    {
        var details = app.MapGroup("/api/v1/experiments/{key}/results").RequirePerson(PersonRole.Viewer);
        details.MapGet("/history", HistoryAsync);
        details.MapGet("/days", DaysAsync);
        details.MapGet("/dimensions", DimensionsAsync);
        details.MapGet("/quality", QualityAsync);
        details.MapGet("/live", LiveAsync);
    }

    private static async Task<IResult> LiveAsync(string key, HttpContext context, CatalogReader catalog, LiveReader live, TimeProvider clock, CancellationToken ct)
    {
        if (await FindAsync(key, context, catalog, ct) is not { } experiment) return NotFound(key);
        var counters = (await live.ReadAsync(experiment.Site, ct)).FirstOrDefault(c => c.Experiment == key);
        return Answer(LiveFigures.Of(experiment, counters, clock.GetUtcNow()));
    }

    private static async Task<IResult> HistoryAsync(string key, HttpContext context, CatalogReader catalog, HistoryStore history, CancellationToken ct)
    {
        if (await FindAsync(key, context, catalog, ct) is not { } experiment) return NotFound(key);
        var points = await history.ReadAsync(experiment, MostHours, ct);
        return Answer(new { experiment = key, hours = points.Select(p => new { p.AsOf, p.Point.Verdict, p.Point.Variant, p.Point.Exposures, p.Point.SampleRatioPValue, p.Point.Figures }) });
    }

    private static async Task<IResult> DaysAsync(
        string key, string? metric, HttpContext context, CatalogReader catalog, NumbersReader numbers, SurveyStore surveys, TimeProvider clock, CancellationToken ct)
    {
        if (await FindAsync(key, context, catalog, ct) is not { } experiment) return NotFound(key);
        if (UnknownMetric(experiment, metric) is { } problem) return problem;
        var (stood, survey) = (await numbers.ReadAsync(experiment, ct), await surveys.FindAsync(experiment, ct));
        var metrics = Chosen(experiment, metric);
        return Answer(new
        {
            experiment = key,
            as_of = clock.GetUtcNow(),
            exposure_days = ExposureDays.Of(experiment, stood).Where(d => metrics.Contains(d.Metric)),
            since_exposure = survey is null ? [] : SurveyAnalysis.ByAge(survey.Numbers).Where(a => metrics.Contains(a.Metric)),
            trends = survey is null ? [] : EffectTrends.Of(survey.Numbers).Where(t => metrics.Contains(t.Metric)),
            surveyed_at = survey?.TakenAt,
        });
    }

    private static async Task<IResult> DimensionsAsync(
        string key, string? metric, string? dimension, HttpContext context, CatalogReader catalog, NumbersReader numbers, SurveyStore surveys, TimeProvider clock, CancellationToken ct)
    {
        if (await FindAsync(key, context, catalog, ct) is not { } experiment) return NotFound(key);
        if (UnknownMetric(experiment, metric) is { } problem) return problem;
        if (dimension is not null && !Dimensions.Names.Contains(dimension))
        {
            return Problem.Result(StatusCodes.Status400BadRequest, "out_of_range", "dimension", $"dimension must be one of {string.Join(", ", Dimensions.Names)}");
        }

        var (survey, metrics) = (await surveys.FindAsync(experiment, ct), Chosen(experiment, metric));
        return Answer(new
        {
            experiment = key,
            as_of = survey?.TakenAt,
            frozen = survey?.IsFrozen ?? false,
            warnings = await WarningsAsync(survey, experiment, numbers, clock, ct),
            dimensions = survey is null
                ? []
                : SurveyAnalysis.ByDimension(survey.Numbers).Where(d => metrics.Contains(d.Metric) && (dimension is null || d.Dimension == dimension)),
        });
    }

    private static async Task<IResult> QualityAsync(
        string key, HttpContext context, CatalogReader catalog, NumbersReader numbers, SurveyStore surveys, TimeProvider clock, CancellationToken ct)
    {
        if (await FindAsync(key, context, catalog, ct) is not { } experiment) return NotFound(key);
        var (stood, survey) = (await numbers.ReadAsync(experiment, ct), await surveys.FindAsync(experiment, ct));
        return Answer(new
        {
            experiment = key,
            as_of = clock.GetUtcNow(),
            sample_ratio = Quality.Phases(experiment, stood),
            sample_ratio_overall = Quality.Overall(experiment, stood),
            crossovers = Quality.Crossovers(experiment, stood),
            surveyed_at = survey?.TakenAt,
            warnings = await WarningsAsync(survey, experiment, numbers, clock, ct),
            waterfall = survey is null ? null : Quality.WaterfallOf(survey.Numbers, await numbers.QuarantinedAsync(experiment, ct)),
            exclusions_by_phase = survey is null ? [] : Quality.ExclusionsByPhase(survey.Numbers),
            with_class = survey is null ? [] : SurveyAnalysis.WithClass(survey.Numbers, stood),
            suspect_slices = survey is null ? [] : SliceSearch.Of(survey.Numbers),
        });
    }

    /// <summary>Says that a survey is older than it should be: there are more units than can be walked over as often.</summary>
    private static async Task<IReadOnlyList<Reason>> WarningsAsync(StoredSurvey? survey, Experiment experiment, NumbersReader numbers, TimeProvider clock, CancellationToken ct)
    {
        if (survey is null || clock.GetUtcNow() - survey.TakenAt is var age && age <= Surveyor.MaxAge) return [];
        var changes = await numbers.ChangesAsync(ct);
        return changes.GetValueOrDefault((experiment.Site, experiment.Key)) == survey.Changes
            ? []
            : [new Reason("survey_old", $"these figures are {age.TotalSeconds:0} s old: walking over the site's units takes longer than they should wait")];
    }

    private static Task<Experiment?> FindAsync(string key, HttpContext context, CatalogReader catalog, CancellationToken ct) =>
        StartedExperiments.FindAsync(catalog, context.Grant().Site, key, ct);

    private static HashSet<string> Chosen(Experiment experiment, string? metric) => metric is null ? [.. experiment.Metrics.Select(m => m.Key)] : [metric];

    private static IResult? UnknownMetric(Experiment experiment, string? metric) => metric is null || experiment.Metrics.Any(m => m.Key == metric)
        ? null
        : Problem.Result(StatusCodes.Status400BadRequest, "unknown_metric", "metric", $"the experiment has no metric '{metric}'");

    private static IResult NotFound(string key) =>
        Problem.Result(StatusCodes.Status404NotFound, "not_found", "key", $"there is no experiment '{key}' that was started");

    private static IResult Answer(object body) => Results.Json(body, ExperimentResults.Json);
}

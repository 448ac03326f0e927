using System.Text.Json;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Decide;

namespace CroPlatform.Services.Statistics.Receive;

/// <summary>Calculations over people's own numbers: nothing is read or kept.</summary>
internal static class CalculationEndpoints
{
    private static readonly JsonSerializerOptions Body = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        MaxDepth = 8,
    };

    public static void MapCalculations(this IEndpointRouteBuilder app)
    {
        app.MapCalculation<SampleSizeRequest>("sample-size", CalculationRules.Check, SampleSizeCalculation.Of);
        app.MapCalculation<SignificanceRequest>("significance", CalculationRules.Check, SignificanceCalculation.Of);
        app.MapCalculation<SequentialPlanRequest>("sequential-plan", CalculationRules.Check, SequentialPlanCalculation.Of);
        app.MapCalculation<MetaAnalysisRequest>("meta-analysis", CalculationRules.Check, MetaAnalysisCalculation.Of);
    }

    private static void MapCalculation<T>(this IEndpointRouteBuilder app, string name, Func<T, FieldProblem?> check, Func<T, object> calculate)
        where T : CalculationPart =>
        app.MapPost("/api/v1/statistics/" + name, async (HttpContext context) =>
        {
            var (request, problem) = await ReadAsync<T>(context);
            problem ??= check(request!);
            return problem is null
                ? Results.Json(calculate(request!), ExperimentResults.Json)
                : Problem.Result(StatusCodes.Status400BadRequest, problem.Code, problem.Field, problem.Message);
        }).RequireKey(KeyRole.Server, orPerson: PersonRole.Viewer);

    private static async Task<(T? Request, FieldProblem? Problem)> ReadAsync<T>(HttpContext context)
        where T : CalculationPart
    {
        var malformed = new FieldProblem("malformed_json", null, "the body is not a JSON object of the right shape");
        try
        {
            var request = await JsonSerializer.DeserializeAsync<T>(context.Request.Body, Body, context.RequestAborted);
            return request is null ? (null, malformed) : (request, null);
        }
        catch (JsonException e)
        {
            var field = e.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null;
            return (null, field is null ? malformed : new FieldProblem("wrong_type", field, $"{field} has a value of the wrong type"));
        }
    }
}

using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>The problems that requests of all kinds end with.</summary>
internal static class Answers
{
    public static IResult Of(FieldProblem problem) => Problem.Result(
        problem.Code switch
        {
            "not_found" => StatusCodes.Status404NotFound,
            "forbidden" => StatusCodes.Status403Forbidden,
            "conflict" => StatusCodes.Status409Conflict,
            "not_published_yet" => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status400BadRequest,
        },
        problem.Code,
        problem.Field,
        problem.Message);

    public static IResult NotFound(string what, string key) => Of(new FieldProblem("not_found", "key", $"there is no {what} '{key}'"));

    public static readonly FieldProblem NotPublishedYet = new("not_published_yet", null, "the change is stored and will be published as soon as the log answers");
}

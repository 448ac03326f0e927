using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>What is wrong with a request, as the answer to it.</summary>
internal static class Answers
{
    public static IResult ToResult(this FieldProblem problem) => Problem.Result(StatusOf(problem.Code), problem.Code, problem.Field, problem.Message, problem.More);

    public static IResult NotFound(string what, string key) =>
        Problem.Result(StatusCodes.Status404NotFound, "not_found", "key", $"there is no {what} '{key}'");

    public static int StatusOf(string code) => code switch
    {
        "not_found" => StatusCodes.Status404NotFound,
        "conflict" or "approval_required" or "idempotency_key_in_use" => StatusCodes.Status409Conflict,
        "forbidden" or "own_work" => StatusCodes.Status403Forbidden,
        "precondition_failed" => StatusCodes.Status412PreconditionFailed,
        "idempotency_key_reused" => StatusCodes.Status422UnprocessableEntity,
        "not_published_yet" => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };
}

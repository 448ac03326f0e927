using System.Text.Json;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Serve;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>What became of a command, as its caller is told.</summary>
/// <param name="Status">As in HTTP.</param>
/// <param name="Body">JSON to HTTP's callers, protobuf to gRPC's.</param>
internal sealed record Outcome(int Status, byte[] Body)
{
    public string? ETag { get; init; }

    /// <summary>The outbox id that must be on the topic before the answer is given; null: none.</summary>
    public long? Publication { get; init; }

    /// <summary>Why nothing was changed; null: it was carried out.</summary>
    public FieldProblem? Problem { get; init; }

    /// <summary>It had been carried out before, under the same idempotency key.</summary>
    public bool IsReplayed { get; init; }

    public static Outcome Ok(object answer, int status = StatusCodes.Status200OK) => new(status, JsonSerializer.SerializeToUtf8Bytes(answer, JsonBody.Options));

    public static Outcome Refused(FieldProblem problem) => new(0, []) { Problem = problem };

    public IResult ToResult(HttpContext context)
    {
        if (Problem is not null) return Problem.ToResult();
        if (ETag is not null) context.Response.Headers.ETag = ETag;
        if (IsReplayed) context.Response.Headers["Idempotent-Replayed"] = "true";
        if (Body.Length == 0) return Results.StatusCode(Status);
        return Results.Text(Body, "application/json; charset=utf-8", Status);
    }
}

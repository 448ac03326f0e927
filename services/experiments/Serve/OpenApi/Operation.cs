using System.Diagnostics.CodeAnalysis;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>One method of one path, as the document tells it.</summary>
/// <param name="Tag">The part of the API that it belongs to.</param>
/// <param name="Key">The least API key: write, server or admin; none.</param>
/// <param name="Person">The least role of a signed-in person; null: keys only.</param>
internal sealed record Operation(string Method, string Path, string Tag, string Summary, string Key, string? Person)
{
    /// <summary>The record that the body is read into; null: none of this service's.</summary>
    public Type? Body { get; init; }

    /// <summary>A body, as JSON.</summary>
    [StringSyntax(StringSyntaxAttribute.Json)] public string? Example { get; init; }

    /// <summary>Names of query parameters; those of lists have the common ones already.</summary>
    public IReadOnlyList<string> Query { get; init; } = [];

    /// <summary>The status of success.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The record that answers; null: the description says what.</summary>
    public Type? Answer { get; init; }

    /// <summary>An answer, as JSON.</summary>
    [StringSyntax(StringSyntaxAttribute.Json)] public string? AnswerExample { get; init; }

    public string AnswerType { get; init; } = "application/json";

    /// <summary>May carry an Idempotency-Key, and If-Match where it changes one experiment.</summary>
    public bool IsCommand { get; init; }
}

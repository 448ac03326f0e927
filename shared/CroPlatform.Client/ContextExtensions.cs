using System.Text.Json;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Client;

public static class ContextExtensions
{
    /// <summary>The context with what targeting reads, say <c>new { country = "PL", plan = "pro" }</c>; a dictionary will do, too.</summary>
    public static EvaluationContext WithAttributes(this EvaluationContext context, object attributes) =>
        context with { Attributes = JsonSerializer.SerializeToElement(attributes) };
}

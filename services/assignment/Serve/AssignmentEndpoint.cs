using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Kafka;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.ServiceDefaults.Limits;
using CroPlatform.Services.Assignment.Check;
using CroPlatform.Services.Assignment.Decide;

namespace CroPlatform.Services.Assignment.Serve;

/// <summary>POST /api/v1/assignments.</summary>
internal static class AssignmentEndpoint
{
    public static void MapAssignments(this IEndpointRouteBuilder app) => app.MapPost("/api/v1/assignments", AnswerAsync).RequireKey(KeyRole.Server).LimitAs(RateClass.Assignment);

    private static async Task AnswerAsync(HttpContext context, AssignmentDesk desk)
    {
        AssignmentQuestion question;
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            question = QuestionJson.Read(document.RootElement);
            var answers = await desk.AnswerAsync(context.Grant().Site, question);
            context.Response.ContentType = "application/json";
            await context.Response.BodyWriter.WriteAsync(AnswerJson.Write(answers));
        }
        catch (JsonException e)
        {
            await Problem.WriteAsync(context, 400, "malformed_json", null, $"the body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
        catch (InvalidQuestionException e)
        {
            await Problem.WriteAsync(context, 400, e.Code, e.Field, e.Message);
        }
        catch (LogUnavailableException)
        {
            context.Response.Headers.RetryAfter = "1";
            await Problem.WriteAsync(context, 503, "log_unavailable", "expose", "the event log does not answer; ask again");
        }
    }
}

/// <summary>The question's JSON: {unit_id, unit_type?, attributes?, experiments?, expose?}.</summary>
internal static class QuestionJson
{
    public static AssignmentQuestion Read(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new InvalidQuestionException("wrong_type", "body", "the body must be an object");
        return new AssignmentQuestion(
            Text(json, "unit_id") ?? "",
            Text(json, "unit_type") ?? UnitTypes.Visitor,
            Member(json, "attributes") is { } attributes ? JsonSerializer.SerializeToUtf8Bytes(attributes) : ReadOnlyMemory<byte>.Empty,
            Keys(json),
            Flag(json, "expose"));
    }

    private static JsonElement? Member(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement json, string name)
    {
        if (Member(json, name) is not { } value) return null;
        return value.ValueKind == JsonValueKind.String ? WellFormed(value, name) : throw new InvalidQuestionException("wrong_type", name, $"{name} must be a string");
    }

    private static bool Flag(JsonElement json, string name) => Member(json, name)?.ValueKind switch
    {
        null or JsonValueKind.False => false,
        JsonValueKind.True => true,
        _ => throw new InvalidQuestionException("wrong_type", name, $"{name} must be true or false"),
    };

    private static string[] Keys(JsonElement json)
    {
        if (Member(json, "experiments") is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(e => e.ValueKind != JsonValueKind.String))
        {
            throw new InvalidQuestionException("wrong_type", "experiments", "experiments must be an array of keys");
        }

        return [.. value.EnumerateArray().Select(e => WellFormed(e, "experiments"))];
    }

    private static string WellFormed(JsonElement value, string name)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new InvalidQuestionException("invalid_text", name, $"{name} is not valid Unicode");
        }
    }
}

internal static class AnswerJson
{
    public static byte[] Write(AssignmentAnswer[] answers)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("assignments");
            foreach (var answer in answers) Write(writer, answer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, in AssignmentAnswer answer)
    {
        writer.WriteStartObject();
        writer.WriteString("experiment", answer.Key);
        writer.WriteString("variant", answer.Variant?.Key);
        writer.WriteNumber("version", answer.Experiment?.Version ?? 0);
        writer.WriteBoolean("in_experiment", answer.Decision.InExperiment);
        writer.WriteString("reason", ReasonNames.Of(answer.Decision.Reason));
        Number(writer, "bucket", answer.Decision.Position);
        Number(writer, "propensity", answer.Decision.Propensity);
        writer.WritePropertyName("config");
        if (answer.Variant is { ConfigJson.IsEmpty: false } variant) writer.WriteRawValue(variant.ConfigJson.Span, skipInputValidation: true);
        else writer.WriteNullValue();
        writer.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
        else writer.WriteNull(name);
    }
}

using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Assignment.Decide;

namespace CroPlatform.Services.Assignment.Check;

/// <summary>A question that cannot be answered, with the field at fault.</summary>
internal sealed class InvalidQuestionException(string code, string fieldName, string message) : Exception(message)
{
    public string Code => code;
    public string Field => fieldName;
}

internal static class QuestionRules
{
    private const int MaxUnit = 256;
    private const int MaxAttributes = 65_536;

    public static void Check(AssignmentQuestion question, AssignmentOptions options)
    {
        if (question.UnitId.Length == 0) throw new InvalidQuestionException("missing", "unit_id", "unit_id is required");
        if (question.UnitId.Length > MaxUnit) throw new InvalidQuestionException("too_long", "unit_id", $"unit_id may have {MaxUnit} characters");
        if (question.UnitId.Contains('\0', StringComparison.Ordinal)) throw new InvalidQuestionException("invalid_text", "unit_id", "unit_id holds a NUL");
        if (!UnitTypes.IsKnown(question.UnitType))
        {
            throw new InvalidQuestionException("out_of_range", "unit_type", "unit_type must be visitor, user, account or device");
        }

        if (question.Experiments.Count > options.MaxExperiments)
        {
            throw new InvalidQuestionException("out_of_range", "experiments", $"a request may name {options.MaxExperiments} experiments");
        }

        if (question.Expose && question.Experiments.Count != 1)
        {
            throw new InvalidQuestionException("out_of_range", "expose", "an exposure is recorded for exactly one named experiment");
        }

        if (!question.AttributesJson.IsEmpty) CheckAttributes(question.AttributesJson);
    }

    private static void CheckAttributes(ReadOnlyMemory<byte> json)
    {
        if (json.Length > MaxAttributes) throw new InvalidQuestionException("too_long", "attributes", $"attributes may have {MaxAttributes} bytes");
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                if (WellFormedText.Holds(document.RootElement)) return;
                throw new InvalidQuestionException("invalid_text", "attributes", "attributes hold a string that is not valid Unicode");
            }
        }
        catch (JsonException)
        {
            // Answered below: malformed and not an object are the same mistake.
        }

        throw new InvalidQuestionException("wrong_type", "attributes", "attributes must be a JSON object");
    }
}

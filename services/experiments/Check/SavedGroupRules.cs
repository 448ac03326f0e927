using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

internal static class SavedGroupRules
{
    private const int MaxValues = 20_000;
    private const int MaxCharacters = 500_000;

    public static IReadOnlyList<FieldProblem> Check(SavedGroupRequest request)
    {
        var problems = new FieldProblems();
        problems.Key(request.Key, "key");
        if (string.IsNullOrEmpty(request.Attribute)) problems.Missing("attribute");
        problems.Text(request.Attribute, "attribute", 200);
        if (request.Values is not { } values)
        {
            problems.Missing("values");
            return problems.All;
        }

        if (values.Count > MaxValues || values.Sum(v => v.GetRawText().Length) > MaxCharacters)
        {
            problems.Add("too_long", "values", $"a saved group may have {MaxValues} values of {MaxCharacters} characters in all");
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (values[i].ValueKind is JsonValueKind.String or JsonValueKind.Number) continue;
            problems.Add("wrong_type", $"values[{i}]", "values are strings and numbers");
            break;
        }

        return problems.All;
    }
}

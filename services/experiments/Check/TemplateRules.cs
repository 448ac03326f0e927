using System.Text.Json;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>What a template must be, and whether variants' configurations fit it.</summary>
internal static class TemplateRules
{
    private const int MaxFields = 50;
    private static readonly string[] Types = ["text", "url", "color", "boolean", "integer", "number", "choice", "list"];

    public static IReadOnlyList<FieldProblem> Check(TemplateRequest request)
    {
        var problems = new FieldProblems();
        problems.Key(request.Key, "key");
        problems.Text(request.Name, "name", 200);
        problems.Text(request.Description, "description", 4_000);
        if (request.Experiment is null) problems.Missing("experiment");
        problems.Refuse(request.Experiment?.Key is not null, "experiment.key", "each experiment made from the template gets a key of its own");
        if (problems.Items(request.Fields, "fields", MaxFields))
        {
            for (var i = 0; i < request.Fields!.Count; i++) CheckField(request.Fields[i]!, $"fields[{i}]", problems);
            if (request.Fields.Select(f => f!.Name).Distinct().Count() < request.Fields.Count) problems.Add("duplicate_key", "fields", "each field needs a name of its own");
        }

        if (problems.All.Count == 0) CheckVariants(request, request.Experiment!, "experiment.", problems);
        return problems.All;
    }

    /// <summary>Whether the variants of an experiment fit its template. A control without config is the page as it is.</summary>
    public static IReadOnlyList<FieldProblem> Check(TemplateRequest template, ExperimentRequest experiment)
    {
        var problems = new FieldProblems();
        CheckVariants(template, experiment, "", problems);
        return problems.All;
    }

    private static void CheckField(TemplateField field, string at, FieldProblems problems)
    {
        problems.Key(field.Name, $"{at}.name");
        if (!Types.Contains(field.Type)) problems.Add("out_of_range", $"{at}.type", $"type must be one of {string.Join(", ", Types)}");
        problems.Text(field.Description, $"{at}.description", 400);
        if (field.Type == "choice" && field.Choices is not { Count: >= 2 }) problems.Add("out_of_range", $"{at}.choices", "a choice has two choices or more");
        problems.Items(field.Choices, $"{at}.choices", 50);
        problems.Range(field.MaxLength, $"{at}.max_length", 1, 10_000);
        problems.Range(field.MaxItems, $"{at}.max_items", 1, 100);
    }

    private static void CheckVariants(TemplateRequest template, ExperimentRequest experiment, string at, FieldProblems problems)
    {
        if (template.Fields is not { Count: > 0 } fields) return;
        var variants = experiment.Variants ?? [];
        for (var i = 0; i < variants.Count; i++)
        {
            if (variants[i]?.Config is { } config) CheckConfig(fields, config, $"{at}variants[{i}].config", problems);
        }
    }

    private static void CheckConfig(IReadOnlyList<TemplateField?> fields, JsonElement config, string at, FieldProblems problems)
    {
        if (config.ValueKind != JsonValueKind.Object)
        {
            problems.Add("wrong_type", at, $"{at} must be an object of the template's fields");
            return;
        }

        foreach (var member in config.EnumerateObject())
        {
            if (fields.FirstOrDefault(f => f!.Name == member.Name) is { } field) CheckValue(field, member.Value, $"{at}.{member.Name}", problems);
            else problems.Add("unknown_field", $"{at}.{member.Name}", $"the template has the fields {string.Join(", ", fields.Select(f => f!.Name))}");
        }

        foreach (var field in fields.Where(f => f!.Required == true && !config.TryGetProperty(f.Name!, out _))) problems.Missing($"{at}.{field!.Name}");
    }

    private static void CheckValue(TemplateField field, JsonElement value, string at, FieldProblems problems)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : null;
        switch (field.Type)
        {
            case "boolean" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                break;
            case "integer" when value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _):
            case "number" when value.ValueKind == JsonValueKind.Number:
                problems.Range(value.GetDouble(), at, field.Min ?? double.MinValue, field.Max ?? double.MaxValue);
                break;
            case "text" when text is not null:
                problems.Text(text, at, field.MaxLength ?? 1_000);
                break;
            case "choice" when text is not null:
                var choices = field.Choices!;
                if (!choices.Contains(text)) problems.Add("out_of_range", at, $"{at} must be one of {string.Join(", ", choices)}");
                break;
            case "color" when text is ['#', _, _, _, _, _, _] && text.Skip(1).All(char.IsAsciiHexDigit):
                break;
            case "url" when Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "https" or "http":
                break;
            case "list" when value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String):
                if (value.GetArrayLength() > (field.MaxItems ?? 100)) problems.Add("out_of_range", at, $"{at} may have {field.MaxItems ?? 100} items");
                break;
            default:
                problems.Add("wrong_type", at, $"{at} must be {Named(field.Type!)}");
                break;
        }
    }

    private static string Named(string type) => type switch
    {
        "color" => "a colour such as #1a2b3c",
        "url" => "an http or https address",
        "list" => "a list of texts",
        "integer" => "a whole number",
        "choice" => "one of its choices",
        _ => $"a {type}",
    };
}

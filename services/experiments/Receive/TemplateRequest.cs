using System.Text.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Services.Experiments.Receive;

/// <summary>The body of POST /api/v1/templates: an experiment with gaps, and what its variants' configurations may hold.</summary>
public sealed record TemplateRequest
{
    public string? Key { get; init; }
    public string? Name { get; init; }
    public string? Description { get; init; }

    /// <summary>The members of a variant's config; none: any object will do.</summary>
    public IReadOnlyList<TemplateField?>? Fields { get; init; }

    /// <summary>The experiment without its key, as POST /api/v1/experiments has it.</summary>
    public ExperimentRequest? Experiment { get; init; }
}

/// <summary>One member of a variant's config.</summary>
public sealed record TemplateField
{
    public string? Name { get; init; }

    /// <summary>text, url, color (#rrggbb), boolean, integer, number, choice or list (of texts).</summary>
    public string? Type { get; init; }
    public string? Description { get; init; }
    public bool? Required { get; init; }
    public int? MaxLength { get; init; }
    public int? MaxItems { get; init; }
    public double? Min { get; init; }
    public double? Max { get; init; }
    public IReadOnlyList<string?>? Choices { get; init; }
}

/// <summary>Fills a template: what the request says takes the place of what the template has, member by member.</summary>
internal static class TemplateFilling
{
    /// <param name="body">An object: members of an experiment, <c>key</c> among them.</param>
    /// <exception cref="JsonException">A member has a value of the wrong type; its path says which.</exception>
    public static ExperimentRequest Fill(TemplateRequest template, JsonObject body)
    {
        var filled = JsonSerializer.SerializeToNode(template.Experiment, JsonBody.Options)!.AsObject();
        foreach (var (name, value) in body) filled[name] = value?.DeepClone();
        var experiment = filled.Deserialize<ExperimentRequest>(JsonBody.Options)!;
        return experiment with { Tags = [.. (experiment.Tags ?? []).Append($"template:{template.Key}").Distinct()] };
    }
}

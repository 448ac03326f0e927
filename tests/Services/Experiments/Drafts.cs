using System.Text.Json;
using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Tests.Experiments;

/// <summary>Requests as the API reads them, and experiments as it makes them.</summary>
internal static class Drafts
{
    public const string Ab = """{"key": "e", "variants": [{"key": "control"}, {"key": "treatment"}], "metrics": [{"key": "m"}]}""";

    private static readonly MetricRequest Metric = new() { Key = "m", Kind = "conversion", Event = "purchase", Direction = "increase" };

    /// <summary>A draft of members over those of the plain one; a member of null is taken away.</summary>
    public static ExperimentRequest Of(string members = "{}")
    {
        var draft = System.Text.Json.Nodes.JsonNode.Parse(Ab)!.AsObject();
        foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse(members)!.AsObject())
        {
            draft.Remove(name);
            if (value is not null) draft[name] = value.DeepClone();
        }

        return draft.Deserialize<ExperimentRequest>(JsonBody.Options)!;
    }

    /// <summary>The first problem that creation finds, without looking at other experiments.</summary>
    public static FieldProblem? Problem(string members)
    {
        var problems = new FieldProblems();
        var draft = VariantDesign.Complete(Of(members), problems);
        return problems.All.Concat(problems.All.Count > 0 ? [] : ExperimentRules.Check(draft)).FirstOrDefault();
    }

    /// <summary>The experiment started among others, as it comes out of the log.</summary>
    public static Experiment Started(string members = "{}", params StoredExperiment[] others)
    {
        var problems = new FieldProblems();
        var draft = VariantDesign.Complete(Of(members), problems);
        Assert.That(problems.All.Concat(ExperimentRules.Check(draft)), Is.Empty);
        var (placement, problem) = Placement.Find(draft, others);
        Assert.That(problem, Is.Null);
        return Draft.ToExperiment("s", "Europe/Warsaw", draft, [.. draft.Metrics!.Select(_ => Metric)], placement!, 1_000).ToWire().ToModel();
    }

    public static StoredExperiment Running(string members, params StoredExperiment[] others)
    {
        var experiment = Started(members, others);
        return new StoredExperiment(experiment.Key, Of(members), "running", experiment, default, default, null);
    }

    public static StoredExperiment Stored(string members)
    {
        var draft = VariantDesign.Complete(Of(members), new FieldProblems());
        return new StoredExperiment(draft.Key!, draft, "draft", null, default, null, null);
    }
}

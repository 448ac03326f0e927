using System.Text.Json;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class ImportPlanTests
{
    private const string Metric = """{"key": "m", "kind": "conversion", "event": "purchase", "direction": "increase"}""";
    private static readonly SiteContents Empty = Site("{}");

    [Test]
    public void Plan_ForAnEmptySite_CreatesEverything_WhatIsNamedFirst()
    {
        var file = File(
            """
            {"metrics": [METRIC], "saved_groups": [{"key": "g", "attribute": "id", "values": ["1"]}],
             "experiments": [AFTER, BEFORE]}
            """.Replace("AFTER", Experiment("after", """, "prerequisites": [{"experiment": "before", "variants": ["b"]}], "targeting": {"id": {"$inGroup": "g"}}"""), StringComparison.Ordinal)
            .Replace("BEFORE", Experiment("before"), StringComparison.Ordinal));
        var plan = ImportPlan.Of(file, Empty);
        Assert.That(plan.Problem, Is.Null);
        Assert.That(plan.Steps.Select(s => (s.Kind, s.Key, s.Action)), Is.EqualTo(new[]
        {
            ("metric", "m", "create"), ("saved_group", "g", "create"), ("experiment", "before", "create"), ("experiment", "after", "create"),
        }));
    }

    [Test]
    public void Plan_OfWhatIsThereAlready_ChangesNothing()
    {
        var json = """{"metrics": [METRIC], "experiments": [E]}""".Replace("E]", Experiment("e") + "]", StringComparison.Ordinal);
        var plan = ImportPlan.Of(File(json), Site(json));
        Assert.That(plan.Steps.Select(s => s.Action), Is.All.EqualTo("unchanged"));
    }

    [TestCase("draft", "update", null)]
    [TestCase("running", "refuse", "conflict")]
    public void Plan_OfAnotherDefinition_ChangesDraftsOnly(string status, string action, string? code)
    {
        var before = """{"metrics": [METRIC], "experiments": [E]}""".Replace("E]", Experiment("e") + "]", StringComparison.Ordinal);
        var after = """{"experiments": [E]}""".Replace("E]", Experiment("e", """, "coverage": 0.5""") + "]", StringComparison.Ordinal);
        var step = ImportPlan.Of(File(after), Site(before, status)).Steps.Single();
        Assert.That((step.Action, step.Problem?.Code), Is.EqualTo((action, code)));
    }

    [TestCase("""{"experiments": [E]}""", "unknown_metric", "experiments[0].metrics[0].key")]
    [TestCase("""{"metrics": [{"key": "m", "kind": "nonsense", "event": "x", "direction": "increase"}]}""", "out_of_range", "metrics[0].kind")]
    [TestCase("""{"templates": [{"key": "hero", "experiment": {}}]}""", "conflict", "templates[0].key")]
    [TestCase("""{"metrics": [METRIC], "experiments": [{"key": "e", "variants": [{"key": "a"}], "metrics": [{"key": "m"}]}]}""", "out_of_range", "experiments[0].variants")]
    public void Plan_WithAFault_NamesItsPlaceInTheFile(string json, string code, string field)
    {
        var problem = ImportPlan.Of(File(json.Replace("[E]", $"[{Experiment("e")}]", StringComparison.Ordinal)), Empty).Problem;
        Assert.That((problem?.Code, problem?.Field), Is.EqualTo((code, field)));
    }

    private static string Experiment(string key, string more = "") =>
        $$"""{"key": "{{key}}", "variants": [{"key": "a"}, {"key": "b"}], "metrics": [{"key": "m"}]{{more}}}""";

    private static ExportFile File(string json) => JsonSerializer.Deserialize<ExportFile>(json.Replace("METRIC", Metric, StringComparison.Ordinal), JsonBody.Options)!;

    private static SiteContents Site(string json, string status = "draft")
    {
        var file = File(json);
        return new SiteContents(
            (file.Metrics ?? []).ToDictionary(m => m!.Key!, m => m!),
            new Dictionary<string, SavedGroupRequest>(),
            new Dictionary<string, TemplateRequest>(),
            [.. (file.Experiments ?? []).Select(e => new StoredExperiment(e!.Key!, e, status, null, default, null, null))]);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class TemplateTests
{
    private static IEnumerable<string> ReadyTemplates() => TemplateStore.Ready.Select(t => t.Key!);

    private static IEnumerable<string> ReadyMetricKeys() => ReadyMetrics.All.Select(m => m.Key!);

    [TestCaseSource(nameof(ReadyTemplates))]
    public void ReadyTemplate_WithNothingButAKey_MakesAnExperimentThatPassesEveryRule(string key)
    {
        var template = TemplateStore.Ready.Single(t => t.Key == key);
        Assert.That(TemplateRules.Check(template), Is.Empty);
        var problems = new FieldProblems();
        var draft = VariantDesign.Complete(TemplateFilling.Fill(template, new JsonObject { ["key"] = "e" }), problems);
        Assert.That(problems.All.Concat(ExperimentRules.Check(draft)).Concat(TemplateRules.Check(template, draft)), Is.Empty);
        Assert.That(draft.Metrics!.Select(m => ReadyMetrics.Find(m!.Key!)), Has.None.Null, "its metrics are ready ones");
        Assert.That(draft.Tags, Does.Contain($"template:{key}"));
    }

    [TestCaseSource(nameof(ReadyMetricKeys))]
    public void ReadyMetric_PassesEveryRule(string key) => Assert.That(MetricRules.Check(ReadyMetrics.Find(key)!), Is.Empty);

    [TestCase("""{"headline": "x", "colour": "red"}""", "unknown_field", "variants[1].config.colour")]
    [TestCase("""{"cta_text": "Go"}""", "missing", "variants[1].config.headline")]
    [TestCase("""{"headline": 7}""", "wrong_type", "variants[1].config.headline")]
    [TestCase("""{"headline": "x", "image_url": "javascript:alert(1)"}""", "wrong_type", "variants[1].config.image_url")]
    [TestCase("""["headline"]""", "wrong_type", "variants[1].config")]
    public void Config_ThatDoesNotFitItsTemplate_IsNamed(string config, string code, string field)
    {
        var template = TemplateStore.Ready.Single(t => t.Key == "hero");
        var body = new JsonObject
        {
            ["key"] = "e",
            ["variants"] = new JsonArray(new JsonObject { ["key"] = "control" }, new JsonObject { ["key"] = "b", ["config"] = JsonNode.Parse(config) }),
        };
        var problem = TemplateRules.Check(template, TemplateFilling.Fill(template, body))[0];
        Assert.That((problem.Code, problem.Field), Is.EqualTo((code, field)));
    }

    [TestCase("boolean", "true", true)]
    [TestCase("boolean", "1", false)]
    [TestCase("integer", "5", true)]
    [TestCase("integer", "5.5", false)]
    [TestCase("integer", "11", false)]
    [TestCase("number", "5.5", true)]
    [TestCase("color", "\"#1a2B3c\"", true)]
    [TestCase("color", "\"red\"", false)]
    [TestCase("choice", "\"a\"", true)]
    [TestCase("choice", "\"c\"", false)]
    [TestCase("list", "[\"x\", \"y\"]", true)]
    [TestCase("list", "[1]", false)]
    [TestCase("list", "[\"x\", \"y\", \"z\"]", false)]
    [TestCase("url", "\"https://example.com/\"", true)]
    [TestCase("url", "\"/relative\"", false)]
    public void Field_OfAType_TakesItsValues(string type, string value, bool fits)
    {
        var field = new TemplateField { Name = "f", Type = type, Min = 1, Max = 10, Choices = ["a", "b"], MaxItems = 2 };
        var template = new TemplateRequest { Key = "t", Fields = [field], Experiment = new ExperimentRequest() };
        Assert.That(TemplateRules.Check(template), Is.Empty);
        var config = JsonDocument.Parse($$"""{"f": {{value}}}""").RootElement;
        var experiment = new ExperimentRequest { Variants = [new VariantRequest { Key = "a", Config = config }] };
        Assert.That(TemplateRules.Check(template, experiment), fits ? Is.Empty : Is.Not.Empty);
    }

    [Test]
    public void Filling_TakesTheRequestsMembersBeforeTheTemplates()
    {
        var template = TemplateStore.Ready.Single(t => t.Key == "cta");
        var filled = TemplateFilling.Fill(template, new JsonObject { ["key"] = "e", ["name"] = "Mine", ["coverage"] = 0.5 });
        Assert.That((filled.Key, filled.Name, filled.Coverage, filled.Hypothesis), Is.EqualTo(("e", "Mine", 0.5, template.Experiment!.Hypothesis)));
    }
}

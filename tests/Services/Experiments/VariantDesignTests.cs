using System.Text.Json;
using CroPlatform.Experimentation;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class VariantDesignTests
{
    private static readonly string[] Names = ["A", "B", "C", "D", "E", "F"];

    [Test]
    public void Complete_AFullDesign_HasEveryCombinationOnce()
    {
        var experiment = Drafts.Started(
            """
            {"kind": "multivariate", "variants": null, "factors": [
                {"key": "color", "levels": [{"key": "red", "config": "#f00"}, {"key": "blue", "config": "#00f"}]},
                {"key": "size", "levels": [{"key": "s"}, {"key": "m"}, {"key": "l"}]}]}
            """);
        Assert.That(experiment.Variants.Select(v => v.Key), Is.EqualTo(new[] { "red.s", "blue.s", "red.m", "blue.m", "red.l", "blue.l" }));
        Assert.That(experiment.Variants[3].Levels, Is.EqualTo(new[] { "blue", "m" }));
        Assert.That(JsonDocument.Parse(experiment.Variants[3].ConfigJson).RootElement.GetRawText(), Is.EqualTo("""{"color":"#00f","size":"m"}"""));
        Assert.That(experiment.CurrentPhase.Weights, Has.All.EqualTo(1 / 6.0));
        Assert.That(experiment.Factors.Select(f => f.Key), Is.EqualTo(new[] { "color", "size" }));
    }

    [TestCase(3, """{"fraction": 2}""", 4)]
    [TestCase(4, """{"fraction": 2}""", 8)]
    [TestCase(5, """{"fraction": 2}""", 16)]
    [TestCase(5, """{"fraction": 4}""", 8)]
    [TestCase(6, """{"fraction": 4}""", 16)]
    [TestCase(6, """{"fraction": 8}""", 8)]
    [TestCase(4, """{"generators": ["ABC"]}""", 8)]
    public void Complete_AFraction_IsBalancedInEveryFactor(int factors, string design, int runs)
    {
        var experiment = Drafts.Started($$"""{"kind": "multivariate", "variants": null, "design": {{design}}, "factors": [{{Factors(factors)}}]}""");
        Assert.That(experiment.Variants, Has.Length.EqualTo(runs));
        Assert.That(experiment.Variants.Select(v => string.Join('|', v.Levels)).Distinct().Count(), Is.EqualTo(runs));
        for (var i = 0; i < factors; i++) Assert.That(experiment.Variants.Count(v => v.Levels[i] == "off"), Is.EqualTo(runs / 2));
        for (var i = 1; i < factors; i++) Assert.That(experiment.Variants.Count(v => v.Levels[0] == v.Levels[i]), Is.EqualTo(runs / 2), "main effects are not aliased");
    }

    [TestCase(5, "\"full\"", "factors")]
    [TestCase(3, """{"fraction": 3}""", "design")]
    [TestCase(2, """{"fraction": 2}""", "design")]
    [TestCase(3, """{"generators": ["AC"]}""", "design")]
    [TestCase(4, """{"generators": ["AB", "AB"]}""", "design")]
    [TestCase(3, "\"half\"", "design")]
    [TestCase(3, "7", "design")]
    public void Complete_ADesignThatIsNone_NamesTheField(int factors, string design, string field) => Assert.That(
        Drafts.Problem($$"""{"kind": "multivariate", "variants": null, "design": {{design}}, "factors": [{{Factors(factors)}}]}""")?.Field, Is.EqualTo(field));

    [Test]
    public void Complete_ARollout_IsOffOrOn()
    {
        var experiment = Drafts.Started("""{"kind": "rollout", "variants": null, "coverage": 0.1}""");
        Assert.That(experiment.Variants.Select(v => v.Key), Is.EqualTo(new[] { "off", "on" }));
        Assert.That((experiment.Control, experiment.CurrentPhase.Coverage), Is.EqualTo((0, 0.1)));
        Assert.That(experiment.CurrentPhase.Weights, Is.EqualTo(new[] { 0.0, 1.0 }));
    }

    [Test]
    public void Complete_AHoldout_HoldsItsShareOut()
    {
        var experiment = Drafts.Started("""{"kind": "holdout", "variants": null, "holdout": 0.05}""");
        Assert.That(experiment.Kind, Is.EqualTo(ExperimentKind.Holdout));
        Assert.That(experiment.Variants.Zip(experiment.CurrentPhase.Weights, (v, w) => (v.Key, w)), Is.EqualTo(new[] { ("holdout", 0.05), ("included", 0.95) }));
    }

    private static string Factors(int count) => string.Join(',', Names.Take(count).Select(n => $$"""{"key": "{{n}}", "levels": [{"key": "off"}, {"key": "on"}]}"""));
}

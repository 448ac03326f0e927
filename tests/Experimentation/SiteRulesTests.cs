using System.Text;
using System.Text.Json;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Experimentation.Tests;

public sealed class SiteRulesTests
{
    private static readonly Experiment Running = new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = 1,
        Status = ExperimentStatus.Running,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Control = 1,
        Phases = [new Phase { Index = 0, Weights = [0.25, 0.75], Seed = "e", Periods = [new Period(1, 0)] }],
    };

    [Test]
    public void Decide_ARunningExperiment_GivesPositionAndPropensity()
    {
        var decision = Decide(Running);
        Assert.That((decision.InExperiment, decision.Reason), Is.EqualTo((true, AssignmentReason.Split)));
        Assert.That(decision.Propensity, Is.EqualTo(Running.Phases[0].Weights[decision.Variant]));
        Assert.That(decision.Position, Is.InRange(0, 0.9999));
    }

    [Test]
    public void Decide_AStoppedExperiment_GivesTheControl()
    {
        var decision = Decide(Running with { Status = ExperimentStatus.Completed });
        Assert.That((decision.Variant, decision.InExperiment, decision.Reason), Is.EqualTo((1, false, AssignmentReason.NotRunning)));
    }

    [Test]
    public void Decide_NoCoverage_GivesTheControl()
    {
        var decision = Decide(Running with { Phases = [Running.Phases[0] with { Coverage = 0 }] });
        Assert.That((decision.Variant, decision.InExperiment, decision.Reason), Is.EqualTo((1, false, AssignmentReason.Coverage)));
    }

    [TestCase("""{"country": "PL"}""", true)]
    [TestCase("""{"country": "DE"}""", false)]
    [TestCase(null, false)]
    public void Decide_Targeted_TakesOnlyThoseWhoMatch(string? attributes, bool isIn)
    {
        var targeted = Running with { Phases = [Running.Phases[0] with { TargetingJson = Encoding.UTF8.GetBytes("""{"country": {"$in": ["PL", "CZ"]}}""") }] };
        var decision = Decide(targeted, attributes);
        Assert.That(decision.InExperiment, Is.EqualTo(isIn));
        if (!isIn) Assert.That((decision.Variant, decision.Reason), Is.EqualTo((1, AssignmentReason.Targeting)));
    }

    private static Decision Decide(Experiment experiment, string? attributes = null) => SiteRules.Empty.With(experiment).Decide("e", new EvaluationContext
    {
        VisitorId = "u",
        Attributes = attributes is null ? null : JsonDocument.Parse(attributes).RootElement,
    });
}

using System.Text;
using System.Text.Json;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Experimentation.Tests;

public sealed class AssignerTests
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
        var decision = new Assigner(Running).Decide("u");
        Assert.That((decision.InExperiment, decision.Reason), Is.EqualTo((true, AssignmentReason.Split)));
        Assert.That(decision.Propensity, Is.EqualTo(Running.Phases[0].Weights[decision.Variant]));
        Assert.That(decision.Position, Is.InRange(0, 0.9999));
    }

    [Test]
    public void Decide_AStoppedExperiment_GivesTheControl()
    {
        var decision = new Assigner(Running with { Status = ExperimentStatus.Completed }).Decide("u");
        Assert.That((decision.Variant, decision.InExperiment, decision.Reason), Is.EqualTo((1, false, AssignmentReason.NotRunning)));
    }

    [Test]
    public void Decide_NoCoverage_GivesTheControl()
    {
        var decision = new Assigner(Running with { Phases = [Running.Phases[0] with { Coverage = 0 }] }).Decide("u");
        Assert.That((decision.Variant, decision.InExperiment, decision.Reason), Is.EqualTo((1, false, AssignmentReason.Coverage)));
    }

    [TestCase("""{"country": "PL"}""", true)]
    [TestCase("""{"country": "DE"}""", false)]
    [TestCase(null, false)]
    public void Decide_Targeted_TakesOnlyThoseWhoMatch(string? attributes, bool isIn)
    {
        var targeted = Running with { Phases = [Running.Phases[0] with { TargetingJson = Encoding.UTF8.GetBytes("""{"country": {"$in": ["PL", "CZ"]}}""") }] };
        var decision = new Assigner(targeted).Decide("u", attributes is null ? null : JsonDocument.Parse(attributes).RootElement);
        Assert.That(decision.InExperiment, Is.EqualTo(isIn));
        if (!isIn) Assert.That((decision.Variant, decision.Reason), Is.EqualTo((1, AssignmentReason.Targeting)));
    }

    [Test]
    public void Decide_WithoutTargeting_AllocatesNothing()
    {
        var assigner = new Assigner(Running);
        assigner.Decide("warm");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) assigner.Decide("visitor-12345");
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }
}

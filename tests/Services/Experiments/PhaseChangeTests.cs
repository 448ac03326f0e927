using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class PhaseChangeTests
{
    [Test]
    public void Apply_MoreCoverage_BeginsAPhase()
    {
        var (next, problem) = Apply(Drafts.Started("""{"coverage": 0.1}"""), """{"coverage": 0.5}""");
        Assert.That(problem, Is.Null);
        Assert.That((next!.Version, next.EffectiveMs, next.CurrentPhase.Index, next.CurrentPhase.Coverage), Is.EqualTo((2, 5_000, 1, 0.5)));
        Assert.That(next.Phases[0].Periods, Is.EqualTo(new[] { new Period(1_000, 5_000) }));
        Assert.That(next.CurrentPhase.Periods, Is.EqualTo(new[] { new Period(5_000, 0) }));
    }

    [TestCase("""{"coverage": 0.05}""", "coverage")]
    [TestCase("""{"weights": {"control": 0.1, "treatment": 0.9}}""", "weights")]
    public void Apply_WhatWouldMoveUnits_NeedsStickinessOrANewSeed(string request, string field)
    {
        const string Plain = """{"coverage": 0.1}""";
        var (next, problem) = Apply(Drafts.Started(Plain), request);
        Assert.That((next, problem?.Code, problem?.Field), Is.EqualTo(((Experiment?)null, "conflict", field)));
        Assert.That(Apply(Drafts.Started("""{"coverage": 0.1, "sticky": true}"""), request).Problem, Is.Null);
        Assert.That(Apply(Drafts.Started("""{"coverage": 0.1, "kind": "bandit"}"""), request).Problem, Is.Null);
        Assert.That(Apply(Drafts.Started(Plain), $"""{request[..^1]}, "seed": "new"{'}'}""").Problem, Is.Null);
    }

    [Test]
    public void Apply_ANewSeed_DrawsEveryUnitAnew()
    {
        var (next, problem) = Apply(Drafts.Started(), """{"seed": "again", "weights": {"control": 0.1, "treatment": 0.9}}""");
        Assert.That(problem, Is.Null);
        Assert.That((next!.CurrentPhase.Seed, next.CurrentPhase.Weights[1]), Is.EqualTo(("again", 0.9)));
    }

    [TestCase("{}", null)]
    [TestCase("""{"coverage": 1}""", null)]
    [TestCase("""{"coverage": 2}""", "coverage")]
    [TestCase("""{"weights": {"control": 1}}""", "weights")]
    [TestCase("""{"weights": {"control": 0.5, "treatment": 0.6}}""", "weights")]
    [TestCase("""{"weights": {"control": 0.5, "gone": 0.5}}""", "weights")]
    [TestCase("""{"targeting": {"$near": 1, "a": {"$x": 1}}}""", "targeting")]
    public void Apply_WhatIsNoChange_NamesTheField(string request, string? field)
    {
        var (next, problem) = Apply(Drafts.Started(), request);
        Assert.That((next, problem?.Field), Is.EqualTo(((Experiment?)null, field)));
        Assert.That(problem, Is.Not.Null);
    }

    [Test]
    public void Apply_AHoldout_DoesNotChange() => Assert.That(
        Apply(Drafts.Started("""{"kind": "holdout", "variants": null, "holdout": 0.05}"""), """{"seed": "x"}""").Problem?.Code, Is.EqualTo("conflict"));

    [Test]
    public void Resume_AfterAChangeInThePause_GoesOnInTheNewPhase()
    {
        var paused = Versions.Pause(Drafts.Started("""{"coverage": 0.1}"""), 2_000) with { Status = ExperimentStatus.Paused };
        var changed = PhaseChange.Apply(paused, Request("""{"coverage": 0.5}"""), 3_000).Next!;
        Assert.That(changed.PhaseAt(3_500), Is.Null);
        var resumed = Versions.Resume(changed, 4_000) with { Status = ExperimentStatus.Running };
        Assert.That((resumed.PhaseAt(1_500)!.Index, resumed.PhaseAt(4_000)!.Index), Is.EqualTo((0, 1)));
        Assert.That(Versions.Stop(changed, 5_000).StoppedMs, Is.EqualTo(5_000), "also where the last phase never ran");
    }

    private static (Experiment? Next, FieldProblem? Problem) Apply(Experiment experiment, string request) => PhaseChange.Apply(experiment, Request(request), 5_000);

    private static PhaseRequest Request(string json) => JsonSerializer.Deserialize<PhaseRequest>(json, JsonBody.Options)!;
}

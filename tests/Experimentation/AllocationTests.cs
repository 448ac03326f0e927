using CroPlatform.Experimentation.Tests.Evaluation;

namespace CroPlatform.Experimentation.Tests;

public sealed class AllocationTests
{
    private static readonly Experiment Bandit = Sites.Ab with { Kind = ExperimentKind.Bandit, Sticky = true };
    private static readonly Allocation Next = new("s", "e", 1, [0.2, 0.8], 100);

    [Test]
    public void ApplyTo_ARunningBandit_BeginsAPhaseAndEndsTheOneBefore()
    {
        var after = Next.ApplyTo(Bandit);
        Assert.That(after.CurrentPhase.Weights, Is.EqualTo(new[] { 0.2, 0.8 }));
        Assert.That((after.CurrentPhase.Index, after.CurrentPhase.Seed), Is.EqualTo((1, "e")));
        Assert.That(after.Phases[0].Periods, Is.EqualTo(new[] { new Period(1, 100) }));
        Assert.That((after.PhaseAt(99)!.Index, after.PhaseAt(100)!.Index), Is.EqualTo((0, 1)));
    }

    [Test]
    public void ApplyTo_APausedBandit_WaitsForItToGoOn()
    {
        var paused = Bandit with { Status = ExperimentStatus.Paused, Phases = [Bandit.Phases[0].Closed(50)] };
        var after = Next.ApplyTo(paused);
        Assert.That(after.CurrentPhase.Periods, Is.Empty);
        Assert.That(after.Phases[0].Periods, Is.EqualTo(new[] { new Period(1, 50) }));
    }

    [Test]
    public void ApplyTo_WhatItIsNotFor_ChangesNothing()
    {
        Assert.That(Next.ApplyTo(Sites.Ab), Is.SameAs(Sites.Ab), "no bandit");
        var over = Bandit with { Status = ExperimentStatus.Completed };
        Assert.That(Next.ApplyTo(over), Is.SameAs(over));
        Allocation[] others = [Next with { Site = "t" }, Next with { Experiment = "f" }, Next with { Weights = [1] }, Next with { Phase = 0 }, Next with { EffectiveMs = 0 }];
        foreach (var other in others) Assert.That(other.ApplyTo(Bandit), Is.SameAs(Bandit));
        var once = Next.ApplyTo(Bandit);
        Assert.That(Next.ApplyTo(once), Is.SameAs(once), "a second copy");
    }
}

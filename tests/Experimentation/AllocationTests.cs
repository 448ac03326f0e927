using CroPlatform.Experimentation.Configuration;
using CroPlatform.Experimentation.Tests.Evaluation;

namespace CroPlatform.Experimentation.Tests;

public sealed class AllocationTests
{
    private static readonly Experiment Bandit = Sites.Ab with { Kind = ExperimentKind.Bandit, Sticky = true };
    private static readonly Allocation First = new("s", "e", 1, [0.2, 0.8], 100);
    private static readonly Allocation Second = new("s", "e", 2, [0.1, 0.9], 200);

    [Test]
    public void Of_ARunningBandit_EachIntervalIsAPhase()
    {
        var after = AllocatedPhases.Of(Bandit, [First, Second]);
        Assert.That(after.Phases.Select(p => p.Weights[1]), Is.EqualTo(new[] { 0.5, 0.8, 0.9 }));
        Assert.That(after.Phases.Select(p => p.Index), Is.EqualTo(new[] { 0, 1, 2 }));
        Assert.That(after.Phases.Select(p => p.Periods.Single()), Is.EqualTo(new[] { new Period(1, 100), new Period(100, 200), new Period(200, 0) }));
        Assert.That((after.Allocations, after.CurrentPhase.Seed), Is.EqualTo((2, "e")));
    }

    [Test]
    public void Of_ABanditThatPausedAndWasStopped_IntervalsGoOnOverThePause()
    {
        var stopped = Bandit with
        {
            Status = ExperimentStatus.Completed,
            StoppedMs = 400,
            Phases = [Bandit.Phases[0] with { Periods = [new Period(1, 150), new Period(250, 400)] }],
        };
        var after = AllocatedPhases.Of(stopped, [First, Second, Second with { Phase = 3, EffectiveMs = 400 }]);
        Assert.That(after.Phases.Select(p => string.Join(' ', p.Periods)), Is.EqualTo(
            new[] { Text(new(1, 100)), Text(new(100, 150)), Text(new(250, 400)) }), "the second began in the pause, the third after the stop");
        Assert.That(AllocatedPhases.Of(stopped, [First]).Phases[1].Periods, Is.EqualTo(new[] { new Period(100, 150), new Period(250, 400) }));
    }

    [Test]
    public void Of_AChangeByPeople_EndsTheInterval()
    {
        var changed = Bandit with
        {
            Phases = [Bandit.Phases[0].Closed(150), Bandit.Phases[0] with { Index = 1, Coverage = 0.5, Periods = [new Period(150, 0)] }],
        };
        var after = AllocatedPhases.Of(changed, [First, Second]);
        Assert.That(after.Phases.Select(p => (p.Index, p.Coverage, p.Weights[1])), Is.EqualTo(new[] { (0, 1, 0.5), (1, 1, 0.8), (2, 0.5, 0.5), (3, 0.5, 0.9) }));
        Assert.That(after.PhaseAt(175)!.Index, Is.EqualTo(2));
    }

    [Test]
    public void Of_WhatItIsNotFor_ChangesNoPhase()
    {
        Assert.That(AllocatedPhases.Of(Sites.Ab, [First]), Is.SameAs(Sites.Ab), "no bandit");
        Assert.That(AllocatedPhases.Of(Bandit, []), Is.SameAs(Bandit));
        Allocation[] others = [First with { Weights = [1] }, First with { EffectiveMs = 0 }];
        foreach (var other in others) Assert.That(AllocatedPhases.Of(Bandit, [other]).Phases.Single().Periods, Is.EqualTo(Bandit.Phases[0].Periods));
        Assert.That(AllocatedPhases.Of(Bandit, [Second, First with { Phase = 3 }]).Phases, Has.Length.EqualTo(2), "none goes back in time");
    }

    [Test]
    public void Catalog_IntervalsBeforeOrAfterTheExperiment_GiveTheSame()
    {
        var before = Catalog.Empty.With(First).With(Bandit).WithCurrent("s", "e", 1).With(First with { Weights = [1, 0] }).With(Second);
        var after = Catalog.Empty.With(Bandit).WithCurrent("s", "e", 1).With(First).With(Second);
        foreach (var catalog in (Catalog[])[before, after])
        {
            var versions = catalog.Find("s", "e")!;
            Assert.That(versions.Current!.Phases.Select(p => p.Weights[1]), Is.EqualTo(new[] { 0.5, 0.8, 0.9 }), "a copy of a number is none");
            Assert.That(versions.Find(1)!.Phases, Has.Length.EqualTo(1));
            Assert.That(versions.Find(1, 1)!.Phases, Has.Length.EqualTo(2));
            Assert.That(versions.Find(1, 3), Is.Null, "not read yet");
            Assert.That(versions.ChangedSince(null), Is.EqualTo(1));
            Assert.That(versions.ChangedSince(versions.Find(1, 1)), Is.EqualTo(200));
            Assert.That(versions.ChangedSince(versions.Current), Is.Null);
        }
    }

    private static string Text(Period period) => period.ToString();
}

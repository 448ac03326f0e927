using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.Life;

namespace CroPlatform.Services.Tests.Experiments;

public sealed class PlacementTests
{
    [Test]
    public void Find_RangesThatAnotherHas_IsAConflictThatNamesIt()
    {
        var other = Drafts.Running("""{"key": "other", "layers": [{"key": "l", "ranges": [[0.2, 0.6]]}]}""");
        var (_, problem) = Placement.Find(Drafts.Of("""{"layers": [{"key": "l", "ranges": [[0, 0.1], [0.5, 0.7]]}]}"""), [other]);
        Assert.That((problem!.Code, problem.Field), Is.EqualTo(("conflict", "layers[0].ranges")));
        Assert.That(problem.Message, Does.Contain("'other'"));
        Assert.That(Placement.Find(Drafts.Of("""{"layers": [{"key": "l", "ranges": [[0.6, 1]]}]}"""), [other]).Problem, Is.Null);
        Assert.That(Placement.Find(Drafts.Of("""{"layers": [{"key": "m", "ranges": [[0, 1]]}]}"""), [other]).Problem, Is.Null);
    }

    [TestCase("paused", false)]
    [TestCase("completed", true)]
    public void Find_BesideOneThatDoesNotRun_IsFreeOnlyOnceItIsOver(string status, bool isFree)
    {
        var other = Drafts.Running("""{"key": "other", "layers": [{"key": "l", "ranges": [[0, 1]]}]}""") with { Status = status };
        Assert.That(Placement.Find(Drafts.Of("""{"layers": [{"key": "l", "share": 0.5}]}"""), [other]).Problem is null, Is.EqualTo(isFree));
    }

    [Test]
    public void Find_AShare_TakesWhatIsFree()
    {
        var other = Drafts.Running("""{"key": "other", "layers": [{"key": "l", "ranges": [[0.1, 0.4]]}]}""");
        var second = Drafts.Started("""{"layers": [{"key": "l", "share": 0.3}]}""", other);
        Assert.That(second.Layers.Single().Ranges, Is.EqualTo(new[] { new BucketRange(0, 0.1), new BucketRange(0.4, 0.6) }));
        var (_, problem) = Placement.Find(Drafts.Of("""{"layers": [{"key": "l", "share": 0.8}]}"""), [other]);
        Assert.That((problem!.Code, problem.Field), Is.EqualTo(("conflict", "layers[0].share")));
        Assert.That(problem.Message, Does.Contain("'other'"));
    }

    [Test]
    public void Find_AnotherUnitInTheLayer_IsAConflict()
    {
        var other = Drafts.Running("""{"key": "other", "unit": "account", "layers": [{"key": "l", "ranges": [[0, 0.1]]}]}""");
        Assert.That(Placement.Find(Drafts.Of("""{"layers": [{"key": "l", "share": 0.1}]}"""), [other]).Problem?.Message, Does.Contain("account"));
    }

    [Test]
    public void Find_ARunningHoldout_IsPinned()
    {
        var holdout = Drafts.Running("""{"key": "h", "kind": "holdout", "variants": null, "holdout": 0.05, "unit": "user"}""");
        var experiment = Drafts.Started("""{"holdouts": ["h"]}""", holdout);
        Assert.That(experiment.Holdouts, Is.EqualTo(new[] { new Holdout("h", 1, "user", "h", new BucketRange(0, 0.05), "holdout", "included") }));
        Assert.That(Placement.Find(Drafts.Of("""{"holdouts": ["h"]}"""), []).Problem?.Code, Is.EqualTo("conflict"), "it must run");
        var user = new Services.Experiments.Store.StoredExperiment("e", Drafts.Of(), "running", experiment, default, null, null);
        Assert.That(Refusals.Stop(holdout.Published!, [holdout, user])?.Message, Does.Contain("'e'"));
        Assert.That(Refusals.Stop(holdout.Published!, [holdout, user with { Status = "completed" }]), Is.Null);
        Assert.That(Refusals.Pause(holdout.Published!)?.Code, Is.EqualTo("conflict"));
    }

    [TestCase("""{"prerequisites": [{"experiment": "gone", "variants": ["a"]}]}""", "unknown_experiment", "prerequisites[0].experiment")]
    [TestCase("""{"prerequisites": [{"experiment": "e", "variants": ["control"]}]}""", "cycle", "prerequisites[0].experiment")]
    [TestCase("""{"prerequisites": [{"experiment": "needs-e", "variants": ["control"]}]}""", "cycle", "prerequisites[0].experiment")]
    [TestCase("""{"prerequisites": [{"experiment": "plain", "variants": ["gone"]}]}""", "unknown_variant", "prerequisites[0].variants")]
    [TestCase("""{"holdouts": ["plain"]}""", "unknown_experiment", "holdouts[0]")]
    [TestCase("""{"holdouts": ["h", "h"]}""", "duplicate_key", "holdouts[1]")]
    [TestCase("""{"targeting": {"country": {"$inGroup": "gone"}}}""", "unknown_group", "targeting")]
    public void Check_WhatIsNotThere_NamesTheField(string members, string code, string field)
    {
        var others = new[]
        {
            Drafts.Stored("""{"key": "plain"}"""),
            Drafts.Stored("""{"key": "needs-e", "prerequisites": [{"experiment": "e", "variants": ["control"]}]}"""),
            Drafts.Stored("""{"key": "h", "kind": "holdout", "variants": null, "holdout": 0.1}"""),
        };
        var problem = References.Check(Drafts.Of(members), others, new HashSet<string> { "eu" });
        Assert.That((problem?.Code, problem?.Field), Is.EqualTo((code, field)));
    }

    [Test]
    public void Check_WhatIsThere_HasNoProblem()
    {
        var draft = Drafts.Of("""{"targeting": {"country": {"$inGroup": "eu"}}, "prerequisites": [{"experiment": "plain", "variants": ["control"]}]}""");
        Assert.That(References.Check(draft, [Drafts.Stored("""{"key": "plain"}""")], new HashSet<string> { "eu" }), Is.Null);
    }

    [Test]
    public void Check_AChainThatIsTooLong_IsRefused()
    {
        var chain = Enumerable.Range(0, 11).Select(i => Drafts.Stored(i == 0
            ? """{"key": "c0"}"""
            : $$"""{"key": "c{{i}}", "prerequisites": [{"experiment": "c{{i - 1}}", "variants": ["control"]}]}""")).ToList();
        Assert.That(References.Check(Drafts.Of("""{"prerequisites": [{"experiment": "c9", "variants": ["control"]}]}"""), chain, new HashSet<string>()), Is.Null);
        Assert.That(References.Check(Drafts.Of("""{"prerequisites": [{"experiment": "c10", "variants": ["control"]}]}"""), chain, new HashSet<string>())?.Code, Is.EqualTo("out_of_range"));
    }
}

using System.Text;
using System.Text.Json;
using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Experimentation.Tests.Evaluation;

public sealed class SiteRulesTests
{
    private static readonly DateTimeOffset Noon = RandomSite.Now;

    [Test]
    public void Decide_ARunningExperiment_GivesPositionAndPropensity()
    {
        var uneven = Sites.Ab with { Phases = [Sites.Ab.Phases[0] with { Weights = [0.25, 0.75] }] };
        var decision = Decide(uneven);
        Assert.That((decision.InExperiment, decision.Reason, decision.StoreSticky), Is.EqualTo((true, AssignmentReason.Split, false)));
        Assert.That(decision.Propensity, Is.EqualTo(uneven.Phases[0].Weights[decision.Variant]));
        Assert.That(decision.Position, Is.InRange(0, 0.9999));
    }

    [Test]
    public void Decide_AnExperimentThatIsNotKnown_IsUnknown() =>
        Assert.That(SiteRules.Empty.Decide("e", new EvaluationContext { VisitorId = "u" }), Is.EqualTo(Decision.Unknown));

    [TestCase(ExperimentStatus.Completed)]
    [TestCase(ExperimentStatus.Paused)]
    public void Decide_AnExperimentThatDoesNotRun_GivesTheControl(ExperimentStatus status) =>
        AssertOut(Decide(Sites.Ab with { Status = status, Control = 1 }), 1, AssignmentReason.NotRunning);

    [Test]
    public void Decide_ARolledOutVariant_ReachesItsShareAndSaysSo()
    {
        var over = Sites.Ab with { Status = ExperimentStatus.Completed, Served = new Served("treatment", 0.3) };
        var decisions = Enumerable.Range(0, 2_000).Select(i => Decide(over, $"u{i}")).ToList();
        Assert.That(decisions, Has.All.Matches<Decision>(d => !d.InExperiment && d.Reason == AssignmentReason.NotRunning && d.IsServed == (d.Variant == 1)));
        Assert.That(decisions.Count(d => d.IsServed), Is.EqualTo(600).Within(82), "four standard deviations");
        Assert.That(Decide(over with { Served = new Served("treatment", 1) }, "").Variant, Is.EqualTo(1), "all of them, whoever they are");
    }

    [Test]
    public void Decide_ARollOutThatGoesOn_TakesNobodyBack()
    {
        var over = Sites.Ab with { Status = ExperimentStatus.Completed };
        for (var i = 0; i < 500; i++)
        {
            var reached = new[] { 0.1, 0.5, 1 }.Select(share => Decide(over with { Served = new Served("treatment", share) }, $"u{i}").IsServed).ToList();
            Assert.That(reached, Is.Ordered);
        }
    }

    [TestCase(null)]
    [TestCase("")]
    public void Decide_WithoutItsUnit_GivesTheControl(string? unit) => AssertOut(Decide(Sites.Ab, unit), 0, AssignmentReason.NoUnit);

    [Test]
    public void Decide_AnotherUnit_IsTakenFromItsOwnPlace()
    {
        var accounts = Sites.Of(Sites.Ab with { Unit = UnitTypes.Account });
        Assert.That(accounts.Decide("e", new EvaluationContext { VisitorId = "u" }).Reason, Is.EqualTo(AssignmentReason.NoUnit));
        Assert.That(accounts.Decide("e", new EvaluationContext { AccountId = "u" }), Is.EqualTo(Decide(Sites.Ab)));
    }

    [Test]
    public void Decide_AForcedUnit_GetsItsVariantWithoutTakingPart()
    {
        var forced = Sites.Ab with { Forced = [new ForcedUnit("qa", "treatment")], Phases = [Sites.Ab.Phases[0] with { Coverage = 0 }] };
        AssertOut(Decide(forced, "qa"), 1, AssignmentReason.Forced);
        AssertOut(Decide(forced, "other"), 0, AssignmentReason.Coverage);
    }

    [TestCase("""{"country": "PL"}""", true)]
    [TestCase("""{"country": "DE"}""", false)]
    [TestCase(null, false)]
    public void Decide_Targeted_TakesOnlyThoseWhoMatch(string? attributes, bool isIn)
    {
        var decision = Decide(Targeted("""{"country": {"$in": ["PL", "CZ"]}}"""), attributes: attributes);
        Assert.That(decision.InExperiment, Is.EqualTo(isIn));
        if (!isIn) AssertOut(decision, 0, AssignmentReason.Targeting);
    }

    [Test]
    public void Decide_TargetedOnAUnit_ReadsItWithoutAnAttribute()
    {
        Assert.That(Decide(Targeted("""{"id": "u"}""")).InExperiment, Is.True);
        Assert.That(Decide(Targeted("""{"visitor_id": {"$in": ["u"]}, "plan": "pro"}"""), attributes: """{"plan": "pro"}""").InExperiment, Is.True);
        Assert.That(Decide(Targeted("""{"id": "u"}"""), attributes: """{"id": "somebody else"}""").InExperiment, Is.False, "what the caller says itself counts");
    }

    [TestCase("""{"country": "\ud800"}""")]
    [TestCase("""{"\ud800": 1}""")]
    public void Decide_AttributesThatAreNoUnicode_DoNotMatchAndDoNotFail(string attributes)
    {
        AssertOut(Decide(Targeted("""{"country": "PL"}"""), attributes: attributes), 0, AssignmentReason.Targeting);
        AssertOut(Decide(Targeted("""{"id": {"$regex": "^x"}, "country": {"$in": ["PL"]}}"""), attributes: attributes), 0, AssignmentReason.Targeting);
    }

    [Test]
    public void With_ASavedGroup_DecidesByItsValuesFromThenOn()
    {
        var before = Sites.Of(Targeted("""{"country": {"$inGroup": "eu"}}"""));
        var poles = new EvaluationContext { VisitorId = "u", Attributes = Json("""{"country": "PL"}""") };
        Assert.That(before.Decide("e", poles).Reason, Is.EqualTo(AssignmentReason.Targeting));
        var after = before.With(new SavedGroup("s", "eu", "country", """["PL"]"""u8.ToArray()));
        Assert.That(after.Decide("e", poles).InExperiment, Is.True);
        Assert.That(before.Decide("e", poles).InExperiment, Is.False, "the old rules stay as they were");
    }

    [TestCase("https://shop.example.com/cart/?a=1", true)]
    [TestCase("https://shop.example.com/cart/old", false)]
    [TestCase("https://shop.example.com/", false)]
    [TestCase(null, false)]
    public void Decide_OnCertainPages_TakesOnlyThose(string? url, bool isIn)
    {
        var paged = Sites.Ab with
        {
            UrlPatterns = [new UrlPattern(UrlPatternType.Simple, "/cart*"), new UrlPattern(UrlPatternType.Regex, "/old$", Include: false)],
        };
        var decision = Sites.Of(paged).Decide("e", new EvaluationContext { VisitorId = "u", Url = url });
        Assert.That(decision.InExperiment, Is.EqualTo(isIn));
        if (!isIn) AssertOut(decision, 0, AssignmentReason.Targeting);
    }

    [Test]
    public void Decide_OutsideTheSchedule_GivesTheControl()
    {
        var nightly = Sites.Ab with { Schedule = new Schedule { FromHour = 22, ToHour = 6 } };
        AssertOut(Sites.Of(nightly).Decide("e", new EvaluationContext { VisitorId = "u", Time = Noon }), 0, AssignmentReason.Targeting);
        Assert.That(Sites.Of(nightly).Decide("e", new EvaluationContext { VisitorId = "u", Time = Noon.AddHours(12) }).InExperiment, Is.True);
    }

    [Test]
    public void Decide_TwoExperimentsOfALayer_NeverMeet()
    {
        var first = Sites.Ab with { Key = "a", Layers = [new Layer("page", [new BucketRange(0, 0.5)])] };
        var second = Sites.Ab with { Key = "b", Layers = [new Layer("page", [new BucketRange(0.5, 1)])] };
        var rules = Sites.Of(first, second);
        var inFirst = 0;
        for (var i = 0; i < 2_000; i++)
        {
            var context = new EvaluationContext { VisitorId = $"u{i}" };
            var (a, b) = (rules.Decide("a", context), rules.Decide("b", context));
            Assert.That(a.InExperiment, Is.Not.EqualTo(b.InExperiment));
            AssertOut(a.InExperiment ? b : a, 0, AssignmentReason.Layer);
            if (a.InExperiment) inFirst++;
        }

        Assert.That(inFirst, Is.EqualTo(1_000).Within(90), "four standard deviations");
    }

    [Test]
    public void Decide_AHeldOutUnit_GetsTheControlAndMeetsTheHoldout()
    {
        var (held, free) = HeldAndFree();
        var decision = Decide(WithHoldout(), held);
        AssertOut(decision, 0, AssignmentReason.Holdout);
        Assert.That(decision.Holdouts, Is.EqualTo(new[] { new HoldoutExposure("keep", 3, "visitor", "holdout") }));
        var other = Decide(WithHoldout(), free);
        Assert.That((other.InExperiment, other.Holdouts.Single().Variant), Is.EqualTo((true, "included")));
    }

    [Test]
    public void Decide_AHeldOutUnitThatWouldNotTakePart_MeetsNoHoldout()
    {
        var targeted = WithHoldout() with { Phases = Targeted("""{"country": "PL"}""").Phases };
        var (held, free) = HeldAndFree();
        Assert.That(Decide(targeted, held).Holdouts, Is.Empty, "neither side is exposed");
        Assert.That(Decide(targeted, held).Reason, Is.EqualTo(AssignmentReason.Holdout));
        Assert.That(Decide(targeted, free).Holdouts, Is.Empty);
    }

    [Test]
    public void Decide_WithAPrerequisite_TakesOnlyUnitsThatItGivesTheVariant()
    {
        var parent = Sites.Ab with { Key = "parent", Phases = [Sites.Ab.Phases[0] with { Seed = "parent", Coverage = 0.8 }], Forced = [new ForcedUnit("qa", "treatment")] };
        var rules = Sites.Of(parent, Sites.Ab with { Prerequisites = [new Prerequisite("parent", ["treatment"])] });
        foreach (var unit in Enumerable.Range(0, 300).Select(i => $"u{i}").Append("qa"))
        {
            var context = new EvaluationContext { VisitorId = unit };
            var given = rules.Decide("parent", context);
            var decision = rules.Decide("e", context);
            Assert.That(decision.InExperiment, Is.EqualTo(given.IsGiven && given.Variant == 1));
            if (!decision.InExperiment) AssertOut(decision, 0, AssignmentReason.Prerequisite);
        }
    }

    [Test]
    public void Decide_PrerequisitesThatGoInACircle_AreNotMet()
    {
        var rules = Sites.Of(
            Sites.Ab with { Prerequisites = [new Prerequisite("other", ["control", "treatment"])] },
            Sites.Ab with { Key = "other", Prerequisites = [new Prerequisite("e", ["control", "treatment"])] });
        AssertOut(rules.Decide("e", new EvaluationContext { VisitorId = "u" }), 0, AssignmentReason.Prerequisite);
    }

    [Test]
    public void Decide_AStickyExperiment_KeepsWhatWasRemembered()
    {
        var sticky = Sites.Ab with { Sticky = true, BucketVersion = 1 };
        Assert.That(Decide(sticky), Has.Property(nameof(Decision.StoreSticky)).True);
        var other = sticky.Variants[1 - Decide(sticky).Variant].Key;
        var kept = Decide(sticky with { Phases = [sticky.Phases[0] with { Coverage = 0 }] }, sticky: new StickyBucket("e", 1, other, 0.4));
        Assert.That((sticky.Variants[kept.Variant].Key, kept.InExperiment, kept.Reason, kept.Propensity, kept.StoreSticky), Is.EqualTo((other, true, AssignmentReason.Sticky, 0.4, false)));
        Assert.That(Decide(sticky, sticky: new StickyBucket("e", 0, other)).Reason, Is.EqualTo(AssignmentReason.Split), "of another version");
        Assert.That(Decide(sticky, sticky: new StickyBucket("e", 1, "gone")).Reason, Is.EqualTo(AssignmentReason.Split), "of a variant that there is not");
        AssertOut(Decide(sticky with { MinBucketVersion = 1 }, sticky: new StickyBucket("e", 0, other)), 0, AssignmentReason.Sticky);
    }

    [Test]
    public void StickyFor_AChainOfPrerequisites_NamesTheStickyOnes()
    {
        var rules = Sites.Of(
            Sites.Ab with { Key = "a", Sticky = true },
            Sites.Ab with { Key = "b", Prerequisites = [new Prerequisite("a", ["control"])] },
            Sites.Ab with { Key = "c", Sticky = true, Prerequisites = [new Prerequisite("b", ["control"])] });
        Assert.That(rules.StickyFor("c").Select(e => e.Experiment.Key), Is.EquivalentTo(new[] { "a", "c" }));
    }

    [Test]
    public void With_AnOlderVersion_ChangesNothing()
    {
        var rules = Sites.Of(Sites.Ab with { Version = 2 });
        Assert.That(rules.With(Sites.Ab), Is.SameAs(rules));
    }

    [Test]
    public void With_AVariantThatIsNotThere_IsRefused() =>
        Assert.That(() => Sites.Of(Sites.Ab with { Forced = [new ForcedUnit("u", "gone")] }), Throws.TypeOf<FormatException>().With.Message.Contains("gone"));

    [Test]
    public void Decide_OnTheCommonPath_AllocatesNothing()
    {
        var plain = Sites.Of(Sites.Ab);
        var layered = Sites.Of(Sites.Ab with { Sticky = true, Layers = [new Layer("l", [new BucketRange(0, 0.9)])], Forced = [new ForcedUnit("qa", "control")] });
        var targeted = Sites.Of(Targeted("""{"country": {"$in": ["PL", "CZ"]}, "plan": "pro", "age": {"$gte": 18}}"""));
        var context = new EvaluationContext
        {
            VisitorId = "visitor-12345",
            Attributes = Json("""{"country": "CZ", "plan": "pro", "age": 30}"""),
            Time = Noon,
            Sticky = [new StickyBucket("other", 0, "control")],
        };
        foreach (var rules in new[] { plain, layered, targeted })
        {
            Assert.That(rules.Decide("e", context).Reason, Is.EqualTo(AssignmentReason.Split));
            Assert.That(Enumerable.Range(0, 5).Min(_ => AllocatedBy(rules, context)), Is.Zero, "but for what the runtime allocates once while it compiles");
        }
    }

    private static long AllocatedBy(SiteRules rules, EvaluationContext context)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) rules.Decide("e", context);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static Experiment Targeted(string condition) => Sites.Ab with { Phases = [Sites.Ab.Phases[0] with { TargetingJson = Encoding.UTF8.GetBytes(condition) }] };

    private static Experiment WithHoldout() => Sites.Ab with { Holdouts = [new Holdout("keep", 3, UnitTypes.Visitor, "keep", new BucketRange(0, 0.1), "holdout", "included")] };

    private static (string Held, string Free) HeldAndFree()
    {
        var holdout = WithHoldout().Holdouts[0];
        var units = Enumerable.Range(0, 1_000).Select(i => $"u{i}").ToLookup(u => holdout.Holds(u));
        return (units[true].First(), units[false].First());
    }

    private static Decision Decide(Experiment experiment, string? unit = "u", string? attributes = null, StickyBucket? sticky = null) =>
        Sites.Of(experiment).Decide(experiment.Key, new EvaluationContext
        {
            VisitorId = unit,
            Attributes = attributes is null ? null : Json(attributes),
            Sticky = sticky is null ? null : [sticky],
        });

    private static void AssertOut(Decision decision, int variant, AssignmentReason reason) =>
        Assert.That((decision.Variant, decision.InExperiment, decision.Reason, decision.Propensity), Is.EqualTo((variant, false, reason, (double?)null)));

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}

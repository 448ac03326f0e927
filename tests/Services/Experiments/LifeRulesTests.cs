using System.Text.Json.Nodes;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Decide.Governance;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Tests.Experiments;

/// <summary>What commands are checked for besides the state.</summary>
public sealed class LifeRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Warsaw and New York jump by an hour, Lord Howe by half of one, Apia left out the 30th of December 2011; Dublin's winter is its exception.</summary>
    [TestCase("2026-03-29T01:59", "Europe/Warsaw", "2026-03-29T00:59:00Z")]
    [TestCase("2026-03-29T02:30", "Europe/Warsaw", "2026-03-29T01:30:00Z", Description = "jumped over: 03:30 by the clock")]
    [TestCase("2026-03-29T03:00", "Europe/Warsaw", "2026-03-29T01:00:00Z")]
    [TestCase("2026-10-25T02:30", "Europe/Warsaw", "2026-10-25T00:30:00Z", Description = "shown twice: the first")]
    [TestCase("2026-10-25T03:00", "Europe/Warsaw", "2026-10-25T02:00:00Z")]
    [TestCase("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z")]
    [TestCase("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z")]
    [TestCase("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z")]
    [TestCase("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T22:00:00Z")]
    [TestCase("2026-03-29T01:30", "Europe/Dublin", "2026-03-29T01:30:00Z")]
    [TestCase("2026-10-25T01:30", "Europe/Dublin", "2026-10-25T00:30:00Z")]
    [TestCase("2026-07-01T09:00:30.5", "Asia/Kolkata", "2026-07-01T03:30:30.5Z")]
    [TestCase("2026-03-29T02:30:00+01:00", "America/New_York", "2026-03-29T01:30:00Z")]
    [TestCase("2026-03-29T02:30Z", "America/New_York", "2026-03-29T02:30:00Z")]
    public void Instant_OfATime_IsThatOfTheZone(string text, string zone, string utc) => Assert.That(
        PlanReading.Instant(text, TimeZoneInfo.FindSystemTimeZoneById(zone)), Is.EqualTo(DateTimeOffset.Parse(utc, System.Globalization.CultureInfo.InvariantCulture)));

    [TestCase("2026-03-29")]
    [TestCase("29.03.2026T02:30")]
    [TestCase("2026-03-29T02:30:00.12345")]
    [TestCase("2026-02-30T02:30")]
    [TestCase("2026-03-29T25:00Z")]
    [TestCase("tomorrow")]
    [TestCase("")]
    public void Instant_OfWhatIsNoTime_IsNone(string text) => Assert.That(PlanReading.Instant(text, TimeZoneInfo.Utc), Is.Null);

    [TestCase(null, null, null, "start")]
    [TestCase("never", null, null, "start")]
    [TestCase(null, "2025-12-31T23:59", null, "end")]
    [TestCase("2026-02-01T00:00", "2026-02-01T00:00", null, "end")]
    [TestCase("2026-02-01T00:00", null, "Mars/Olympus", "time_zone")]
    public void Plan_ThatCannotBe_NamesTheField(string? start, string? end, string? zone, string field) => Assert.That(
        PlanReading.Read(new PlanRequest { Start = start, End = end, TimeZone = zone }, "UTC", Now, hasStarted: false).Problem?.Field, Is.EqualTo(field));

    [Test]
    public void Plan_OfOneThatWasStarted_HasOnlyAnEnd()
    {
        Assert.That(PlanReading.Read(new PlanRequest { Start = "2026-02-01T00:00" }, "UTC", Now, hasStarted: true).Problem?.Code, Is.EqualTo("conflict"));
        Assert.That(PlanReading.Read(new PlanRequest { End = "2026-02-01T00:00" }, "Europe/Warsaw", Now, hasStarted: true).Plan!.EndAt, Is.EqualTo(new DateTimeOffset(2026, 1, 31, 23, 0, 0, TimeSpan.Zero)));
    }

    [TestCase(null, null, null, "treatment", 0.1)]
    [TestCase(null, null, 0.1, "treatment", 0.5)]
    [TestCase(null, null, 0.2, "treatment", 0.5)]
    [TestCase(null, null, 0.5, "treatment", 1)]
    [TestCase(3, null, 0.1, "treatment", 1)]
    [TestCase(null, 0.25, 0.1, "treatment", 0.25)]
    public void RollOut_OfTheOnlyTreatment_TakesTheNextStepOrTheOneAskedFor(int? step, double? share, double? served, string variant, double expected) => Assert.That(
        Refusals.RollOut(Served(served), new RollOutRequest { Step = step, Share = share }).Served, Is.EqualTo(new Served(variant, expected)));

    [TestCase("gone", null, null, null, "unknown_variant")]
    [TestCase("control", null, null, null, "conflict")]
    [TestCase(null, 4, null, null, "out_of_range")]
    [TestCase(null, null, 0.0, null, "out_of_range")]
    [TestCase(null, null, 1.5, null, "out_of_range")]
    [TestCase(null, 1, 0.5, null, "not_allowed")]
    [TestCase(null, 1, null, 0.1, "conflict")]
    [TestCase(null, null, 0.4, 0.5, "conflict")]
    [TestCase(null, null, null, 1.0, "conflict")]
    [TestCase("control", null, null, 0.5, "conflict")]
    public void RollOut_ThatLeadsNowhere_IsRefused(string? variant, int? step, double? share, double? served, string code) => Assert.That(
        Refusals.RollOut(Served(served), new RollOutRequest { Variant = variant, Step = step, Share = share }).Problem?.Code, Is.EqualTo(code));

    [Test]
    public void RollOut_OfOneOfSeveralTreatments_MustBeNamed()
    {
        var three = Drafts.Started("""{"variants": [{"key": "a"}, {"key": "b"}, {"key": "c"}]}""");
        Assert.That(Refusals.RollOut(three, new RollOutRequest()).Problem?.Field, Is.EqualTo("variant"));
        Assert.That(Refusals.RollOut(three, new RollOutRequest { Variant = "c" }).Served, Is.EqualTo(new Served("c", 0.1)));
    }

    [TestCase("""{}""", """{}""", false)]
    [TestCase("""{"max_traffic_share": 0.5}""", """{"coverage": 0.5}""", false)]
    [TestCase("""{"max_traffic_share": 0.5}""", """{"coverage": 0.6}""", true)]
    [TestCase("""{"max_traffic_share": 0.5}""", """{"layers": [{"key": "l", "share": 0.4}]}""", false)]
    [TestCase("""{"max_traffic_share": 0.5}""", """{"layers": [{"key": "l", "ranges": [[0, 0.4], [0.5, 0.8]]}]}""", true)]
    [TestCase("""{"require_guardrail": true}""", """{}""", true)]
    [TestCase("""{"always": true}""", """{}""", true)]
    [TestCase("""{"risky_pages": ["/checkout/*"]}""", """{}""", true, Description = "it runs everywhere")]
    [TestCase("""{"risky_pages": ["/checkout/*"]}""", """{"url_patterns": [{"type": "simple", "pattern": "/cart"}]}""", false)]
    [TestCase("""{"risky_pages": ["/checkout/*"]}""", """{"url_patterns": [{"type": "simple", "pattern": "shop.test/*/payment?step=1"}]}""", true)]
    [TestCase("""{"risky_pages": ["/checkout/*"]}""", """{"url_patterns": [{"type": "regex", "pattern": "^/cart$"}]}""", true)]
    [TestCase("""{"risky_pages": ["/checkout/*"]}""", """{"url_patterns": [{"type": "simple", "pattern": "/cart"}], "variants": [{"key": "control"}, {"key": "b", "page_changes": {"redirect": "https://x.test/Checkout/new"}}]}""", true)]
    public void Risk_OfAnExperiment_GoesByTheSitesRules(string rules, string members, bool isRisky)
    {
        var draft = Drafts.Of(members);
        var reasons = Risk.Of(JsonBody.Read<ApprovalRules>(JsonNode.Parse(rules)!).Request!, draft, Risk.ShareOf(draft), hasGuardrail: false);
        Assert.That(reasons, isRisky ? Has.Count.EqualTo(1) : Is.Empty);
    }

    [TestCase("/a/*", "/*/b", true)]
    [TestCase("/a/*", "/b/*", false)]
    [TestCase("*", "", true)]
    [TestCase("/a", "/A/", true)]
    [TestCase("/a*c", "/ab*", true)]
    [TestCase("/a*c", "/b*c", false)]
    [TestCase("/ab", "/abc", false)]
    [TestCase("https://x.test/a?b=1", "/a", true)]
    [TestCase("x.test", "/", true)]
    public void PathGlobs_ThatSharePaths_Overlap(string a, string b, bool overlap) =>
        Assert.That((PathGlob.Overlap(PathGlob.Of(a), PathGlob.Of(b)), PathGlob.Overlap(PathGlob.Of(b), PathGlob.Of(a))), Is.EqualTo((overlap, overlap)));

    [Test]
    public void Approval_IsGoodForTheDefinitionItLookedAt_UntilARejection()
    {
        var approval = new Review(2, "user:b", true, null, Now);
        Assert.That(Approval.Of([approval], 2, "user:a", "user:c"), Is.EqualTo(approval));
        Assert.That(Approval.Of([approval], 3, "user:a", "user:c"), Is.Null, "the definition was changed");
        Assert.That(Approval.Of([approval, approval with { IsApproval = false, Actor = "user:d" }], 2, "user:a", "user:c"), Is.Null, "somebody rejected it later");
        Assert.That(Approval.Of([approval], 2, "user:a", "user:b"), Is.Null, "the one who approved changed it since");
        Assert.That(Approval.CannotReview("user:a", "user:a", "user:c")?.Code, Is.EqualTo("own_work"));
        Assert.That(Approval.CannotReview("user:c", "user:a", "user:c")?.Code, Is.EqualTo("own_work"));
        Assert.That(Approval.CannotReview("user:b", "user:a", "user:c"), Is.Null);
    }

    /// <summary>The cases of RFC 7396, appendix A.</summary>
    [TestCase("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [TestCase("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [TestCase("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [TestCase("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [TestCase("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [TestCase("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [TestCase("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [TestCase("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [TestCase("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void MergePatch_IsAsTheRfcHasIt(string target, string patch, string result) =>
        Assert.That(MergePatch.Apply(JsonNode.Parse(target), JsonNode.Parse(patch))!.ToJsonString(), Is.EqualTo(result));

    [TestCase("purchase", "visitor", 3_600_000, 0, 14)]
    [TestCase("purchase", "visitor", 1_728_000_000, 0, 14, Description = "what is measured is kept")]
    [TestCase("signup", "visitor", 3_600_000, 0, 0)]
    [TestCase("signup", "visitor", 1_728_000_000, 1_728_000_000, 0, Description = "from now on")]
    [TestCase("purchase", "user", 3_600_000, 0, 14)]
    [TestCase("signup", "user", 3_600_000, 3_660_000, 0, Description = "from a minute on: events are routed once the router knows")]
    public void Metrics_AddedToARunningExperiment_AreCountedAsFarBackAsTheirEventsAreKept(string @event, string unit, long ageMs, long fromMs, int covariateDays)
    {
        var live = Drafts.Started() with { Unit = unit };
        var now = live.StartedMs + ageMs;
        var pinned = AnalysisChange.Pin(live, [live.Metrics[0], live.Metrics[0] with { Key = "other", Event = @event }], now);
        Assert.That(AnalysisChange.Problem(live, pinned), Is.Null);
        Assert.That(pinned[0], Is.EqualTo(live.Metrics[0]));
        Assert.That((pinned[1].AddedMs, pinned[1].CountsFromMs, pinned[1].CovariateDays), Is.EqualTo((now, fromMs == 0 ? 0 : live.StartedMs + fromMs, covariateDays)));

        // What is known of a beginning stays known.
        var later = AnalysisChange.Apply(live, pinned);
        Assert.That(later.AnalysisRevision, Is.EqualTo(2));
        var again = AnalysisChange.Pin(later, [live.Metrics[0] with { Weight = 2 }, live.Metrics[0] with { Key = "other", Event = @event }], now + 5_000_000);
        Assert.That((again[1].AddedMs, again[1].CountsFromMs, again[1].CovariateDays), Is.EqualTo((now, pinned[1].CountsFromMs, covariateDays)));
        var third = AnalysisChange.Pin(later, [live.Metrics[0], live.Metrics[0] with { Key = "third", Event = @event }], now + 5_000_000)[1];
        Assert.That((third.AddedMs, third.CountsFromMs), Is.EqualTo((now + 5_000_000, pinned[1].CountsFromMs)), "another metric of these events reaches no further back");
    }

    [Test]
    public void Metrics_ThatAreInForce_AreNoChange()
    {
        var live = Drafts.Started();
        Assert.That(AnalysisChange.Problem(live, AnalysisChange.Pin(live, [.. live.Metrics], 5_000))?.Code, Is.EqualTo("missing"));
    }

    private static Experiment Served(double? share) =>
        Drafts.Started() is var experiment && share is { } served ? experiment with { Served = new Served("treatment", served) } : experiment;
}

using System.Collections.Immutable;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Decide;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using Outcome = CroPlatform.Experimentation.Facts.Outcome;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Percentile caps: when they are taken, of what, and how they come into a version.</summary>
public sealed class CapTests
{
    private static readonly Experiment Open = new()
    {
        Site = "s",
        Key = "e",
        Version = 3,
        EffectiveMs = 1,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics =
        [
            new Metric { Key = "revenue", Kind = MetricKind.Sum, Event = "purchase", CapPercentile = 0.95, WindowHours = 1 },
            new Metric { Key = "clicks", Kind = MetricKind.Count, Event = "click", CapE4 = 5 * Scaled.One },
        ],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(1, 0)] }],
        AnalysisRevision = 2,
    };

    [TestCase(0.95, 1_000, 950)]
    [TestCase(0.95, 1_001, 951)]
    [TestCase(0.99, 1_100, 1_089)]
    [TestCase(0.501, 1_000, 501)]
    [TestCase(0.9999, 1_000, 1_000)]
    public void Caps_OfEnoughUnits_AreTheSmallestOutcomeThatTheShareDoesNotExceed(double percentile, int units, long cap)
    {
        // numpy.percentile(range(1, units + 1), 100 * percentile, method="inverted_cdf")
        var cut = new CapCut(Open with { Metrics = [Open.Metrics[0] with { CapPercentile = percentile }, Open.Metrics[1]] });
        foreach (var value in Enumerable.Range(1, units).OrderBy(v => v * 7_919L % 104_729)) cut.Add([One(value), One(9)]);
        for (var i = 0; i < 5_000; i++) cut.Add([i % 2 == 0 ? One(0) : One(-3), One(0)]);
        cut.Add([Outcome.None, One(1)]);
        Assert.That(cut.Caps(), Is.EqualTo(new[] { new Services.Statistics.Fold.FrozenCap("revenue", cap * Scaled.One, units) }), "those without an outcome above 0 do not count");
    }

    [Test]
    public void Caps_OfTooFewUnits_AreNone()
    {
        var cut = new CapCut(Open);
        for (var i = 1; i < CapCut.Units; i++) cut.Add([One(i), One(1)]);
        Assert.That(cut.Caps(), Is.Empty);
    }

    [Test]
    public void Results_WhileACapIsOpen_SayItAndShowNoVerdict()
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(100);
        var results = Analyst.Analyse(Open, new Numbers([], new Dictionary<ExclusionKey, long>(), true), [], now);
        Assert.That(results.Warnings.Select(w => w.Code), Does.Contain("cap_not_frozen"));
        Assert.That(results.Decision.Reasons.Select(r => r.Code), Does.Contain("cap_not_frozen"));
        Assert.That(results.Metrics.Select(m => m.Cap), Is.EqualTo(new[] { new CapFigures(null, 0.95), new CapFigures(5, null) }));
        var over = Analyst.Analyse(Open with { StoppedMs = 50 }, new Numbers([], new Dictionary<ExclusionKey, long>(), true), [], now);
        Assert.That(over.Decision.Reasons.Select(r => r.Code), Does.Not.Contain("cap_not_frozen"), "there may never be units enough");
    }

    [Test]
    public void Look_WhileACapIsOpen_IsNotTaken()
    {
        var sequential = Open with { Metrics = [Open.Metrics[0]], Decision = new DecisionRule { Method = DecisionMethod.GroupSequential, MaxSample = 10 } };
        Assert.That(Due(sequential), Is.Null);
        Assert.That(Due(sequential with { Metrics = [Open.Metrics[0] with { CapE4 = 1 }] }), Is.Not.Null);

        static Look? Due(Experiment experiment) => Analyst.LookDue(
            experiment, new Numbers([.. Enumerable.Range(0, 2).Select(v => (new CellKey("s", "e", 2, 0, 0, v), new Cell(1) { Units = 10 }))], new Dictionary<ExclusionKey, long>(), true), [],
            DateTimeOffset.FromUnixTimeMilliseconds(30L * 86_400_000));
    }

    [Test]
    public void Freezing_TakesCapsOfItsRevisionAndOpenMetricsOnly()
    {
        var cap = new Contracts.Statistics.FrozenCap { Metric = "revenue", AnalysisRevision = 2, CapE4 = 70, Units = 1_000 };
        Contracts.Statistics.FrozenCap[] found =
            [cap, new(cap) { Metric = "clicks" }, new(cap) { AnalysisRevision = 1 }, new(cap) { Metric = "other" }, new(cap) { CapE4 = 0 }];
        var caps = CapFreezing.Open(Open, found);
        Assert.That(caps, Is.EqualTo(new[] { cap }));
        var next = CapFreezing.Apply(Open, caps, 200);
        Assert.That((next.Version, next.AnalysisRevision, next.EffectiveMs), Is.EqualTo((4, 3, 200L)));
        Assert.That(next.Metrics.Select(m => m.CapE4), Is.EqualTo(new long?[] { 70, 5 * Scaled.One }));
        Assert.That(CapFreezing.Open(next, found), Is.Empty, "once");
        Assert.That(CapFreezing.Reason(Open, caps), Is.EqualTo("revenue is capped at 0.007, percentile 0.95 of 1000 units of all variants"));
    }

    [Test]
    public void AnalysisChange_OfAMetricThatCountsTheSame_KeepsItsCap()
    {
        var live = Open with { Metrics = [Open.Metrics[0] with { CapE4 = 70 }] };
        Assert.That(After(m => m with { Weight = 3, Guardrail = true, Margin = 0.1 }), Is.EqualTo(70));
        Assert.That(After(m => m with { WindowHours = 2 }), Is.Null);
        Assert.That(After(m => m with { CapPercentile = 0.99 }), Is.Null);
        Assert.That(After(m => m with { Key = "other" }), Is.Null);

        long? After(Func<Metric, Metric> change) => AnalysisChange.Pin(live, [change(Open.Metrics[0])], 500)[0].CapE4;
    }

    [TestCase("sum", 0.95, null, null)]
    [TestCase("duration", 0.99, null, null)]
    [TestCase("sum", 0.5, null, "out_of_range")]
    [TestCase("sum", 1, null, "out_of_range")]
    [TestCase("sum", double.NaN, null, "out_of_range")]
    [TestCase("sum", 0.95, 10, "not_allowed")]
    [TestCase("conversion", 0.95, null, "not_allowed")]
    [TestCase("retention", 0.95, null, "not_allowed")]
    [TestCase("quantile", 0.95, null, "not_allowed")]
    public void Rules_OfACapPercentile(string kind, double percentile, int? cap, string? code)
    {
        var problems = MetricRules.Check(new MetricRequest
        {
            Key = "m",
            Kind = kind,
            Event = "x",
            Direction = "increase",
            CapPercentile = percentile,
            Cap = cap,
            Q = kind == "quantile" ? 0.5 : null,
            Day = kind == "retention" ? 1 : null,
        });
        Assert.That(problems.Select(p => (p.Code, p.Field)), Is.EqualTo(code is null ? [] : new[] { (code, "cap_percentile") }));
    }

    private static Outcome One(long value) => new(true, value * Scaled.One, 0, ImmutableArray<long>.Empty);
}

using System.Collections.Immutable;
using System.Text;
using CroPlatform.Experimentation.Facts;
using FsCheck;
using FsCheck.Fluent;
using Outcome = CroPlatform.Experimentation.Facts.Outcome;

namespace CroPlatform.Experimentation.Tests;

/// <summary>What each kind of metric makes of a unit's facts, at the edges of its window and before the exposure.</summary>
public sealed class MetricKindTests
{
    private const long Exposed = 100 * Day;
    private const long Day = 86_400_000;
    private const long Hour = 3_600_000;

    [Test]
    public void Mean_IsTheUnitsOwn_RoundedHalfToEven()
    {
        var mean = Metric(MetricKind.Mean);
        Assert.That(Of(mean, Buy(1, 0.0001m), Buy(2, 0.0002m)).X, Is.EqualTo(2), "1.5 units go to the even 2");
        Assert.That(Of(mean, Buy(1, 0.0002m), Buy(2, 0.0003m)).X, Is.EqualTo(2), "2.5 units go to the even 2");
        Assert.That(Of(mean, Buy(1, null)), Is.EqualTo(Outcome.None), "a unit without a value has no mean");
        Assert.That(Of(mean with { CapE4 = 5 * Scaled.One }, Buy(1, 20)).X, Is.EqualTo(5 * Scaled.One));
    }

    [TestCase(MetricKind.Conversion)]
    [TestCase(MetricKind.Sum)]
    [TestCase(MetricKind.Quantile)]
    public void AnyKind_CountedFromAMomentOn_LeavesOutUnitsExposedBefore(MetricKind kind)
    {
        var metric = Metric(kind) with { CountsFromMs = Exposed };
        Assert.That(Of(metric, Buy(1, 3)), Is.EqualTo(Of(Metric(kind), Buy(1, 3))));
        Assert.That(Of(metric with { CountsFromMs = Exposed + 1 }, Buy(1, 3)), Is.EqualTo(Outcome.None));
    }

    [TestCase(TermValue.ValueOrOne, TermValue.One, 31, 2)]
    [TestCase(TermValue.Value, TermValue.Value, 30, 30)]
    [TestCase(TermValue.One, TermValue.ValueOrOne, 2, 31)]
    public void Ratio_TakesBothParts(TermValue numerator, TermValue denominator, int x, int y)
    {
        var ratio = Metric(MetricKind.Ratio) with { Value = numerator, Denominator = new MetricTerm("purchase", "", default, denominator) };
        var outcome = Of(ratio, Buy(0, 30), Buy(Hour, null));
        Assert.That((outcome.X, outcome.Y), Is.EqualTo((x * Scaled.One, y * Scaled.One)));
        Assert.That(Of(ratio).Counts, Is.True, "a unit without events counts with nothing over nothing");
    }

    [Test]
    public void Quantile_KeepsEachEventsValue_Capped() =>
        Assert.That(Of(Metric(MetricKind.Quantile) with { CapE4 = 9 * Scaled.One }, Buy(1, 3), Buy(2, 30), Buy(-1, 5)).Values, Is.EqualTo(new[] { 3, 9L }.Select(v => v * Scaled.One)));

    [Test]
    public void Duration_RunsFromTheExposureOrTheStartEvent_ToTheFirstEventAfterIt()
    {
        var duration = Metric(MetricKind.Duration);
        Assert.That(Of(duration, Buy(-5, 1), Buy(1_500, 1), Buy(2_000, 1)).X, Is.EqualTo(15_000), "1.5 s");
        Assert.That(Of(duration), Is.EqualTo(Outcome.None));
        var fromClick = duration with { StartEvent = "click" };
        Assert.That(Of(fromClick, Buy(1_000, 1), Click(1_200), Click(1_300), Buy(3_200, 1)).X, Is.EqualTo(20_000), "2 s from the first click");
        Assert.That(Of(fromClick, Buy(1_000, 1)), Is.EqualTo(Outcome.None));
    }

    [Test]
    public void Retention_IsADayOfItsOwn_AndRunsOnAfterTheStop()
    {
        var retention = Metric(MetricKind.Retention) with { Day = 2 };
        Assert.That(Of(retention, Buy(2 * Day - 1, 1)).X, Is.Zero);
        Assert.That(Of(retention, Buy(2 * Day, 1)).X, Is.EqualTo(Scaled.One));
        Assert.That(Of(retention, Buy(3 * Day - 1, 1)).X, Is.EqualTo(Scaled.One));
        Assert.That(Of(retention, Buy(3 * Day, 1)).X, Is.Zero);
        var stopped = Running(retention) with { StoppedMs = Exposed + Hour };
        Assert.That(new ExperimentFold(stopped).Of(History(Buy(2 * Day, 1))).Outcomes[0].X, Is.EqualTo(Scaled.One));
    }

    [Test]
    public void Funnel_CountsStepsInOrderOnly()
    {
        var funnel = Metric(MetricKind.Conversion) with { Steps = [new("click", default), new("add", Encoding.UTF8.GetBytes("""{"sku": 7}""")), new("purchase", default)] };
        Assert.That(Steps(), Is.EqualTo((0, 0)));
        Assert.That(Steps(Click(1), Buy(2, 1)), Is.EqualTo((1, 0)), "a step was left out");
        Assert.That(Steps(Add(1, 7), Click(2), Buy(3, 1)), Is.EqualTo((1, 0)), "in another order");
        Assert.That(Steps(Click(1), Add(2, 8), Add(3, 7), Buy(4, 1)), Is.EqualTo((3, Scaled.One)));

        (long, long) Steps(params Fact[] facts)
        {
            var outcome = Of(funnel, facts);
            Assert.That(outcome.Counts, Is.True, "all who were exposed count");
            return (outcome.Values[0], outcome.X);
        }
    }

    [TestCase(MetricKind.Conversion, 1)]
    [TestCase(MetricKind.Count, 2)]
    [TestCase(MetricKind.Sum, 30)]
    [TestCase(MetricKind.Mean, 15)]
    [TestCase(MetricKind.Retention, 1)]
    public void Covariate_IsTheSameFromBeforeTheExposure(MetricKind kind, int expected)
    {
        var metric = Metric(kind) with { Day = 1, CovariateDays = 7 };
        Fact[] before = [Buy(-7 * Day - 1, 1_000), Buy(-7 * Day, 10), Buy(-1, 20)];
        Assert.That(Of(metric with { CapE4 = 1 }, before).Y, Is.EqualTo(kind == MetricKind.Mean ? 0 : expected * Scaled.One), "it has no cap");
        var withMean = Of(metric, [.. before, Buy(0, 5)]);
        Assert.That(withMean.Y, Is.EqualTo(expected * Scaled.One));
        Assert.That(Of(metric with { CovariateDays = 0 }, [.. before, Buy(0, 5)]).Y, Is.Zero);
        var routed = new ExperimentFold(Running(metric) with { Unit = UnitTypes.User });
        Assert.That(routed.Of(new UnitHistory("s", "u", [Shown(), .. before, Buy(0, 5)], unitType: UnitTypes.User)).Outcomes[0].Y, Is.Zero, "others than visitors have no facts from before");
    }

    [Test]
    public void Outcomes_AnyFacts_AreTheSameInAnyOrder()
    {
        var fact = Gen.Choose(-20 * 24, 20 * 24).SelectMany(hour => Gen.Choose(0, 3), (hour, kind) => kind switch
        {
            0 => Click(hour * Hour),
            1 => Add(hour * Hour, hour % 3),
            2 => Buy(hour * Hour, null),
            _ => Buy(hour * Hour, hour % 50),
        });
        var experiment = Running([.. Enum.GetValues<MetricKind>().Select(k => Metric(k) with
        {
            Day = 3, WindowHours = 30, Denominator = new MetricTerm("click", "", default, TermValue.One), StartEvent = k == MetricKind.Duration ? "click" : "",
        })]);
        Prop.ForAll(Arb.From(Gen.ListOf(fact)), Arb.From(Gen.Choose(0, 1_000)), (facts, seed) =>
        {
            var shuffled = facts.ToArray();
            new System.Random(seed).Shuffle(shuffled);
            var fold = new ExperimentFold(experiment);
            return fold.Of(History([.. facts])).Outcomes.SequenceEqual(fold.Of(History(shuffled)).Outcomes);
        }).QuickCheckThrowOnFailure();
    }

    private static Outcome Of(Metric metric, params Fact[] facts) => new ExperimentFold(Running(metric)).Of(History(facts)).Outcomes[0];

    private static UnitHistory History(params Fact[] facts) => new("s", "u", [Shown(), .. facts]);

    private static Metric Metric(MetricKind kind) => new() { Key = "m", Kind = kind, Event = "purchase", Quantile = 0.5 };

    private static Experiment Running(params ImmutableArray<Metric> metrics) => new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = Exposed - Day,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = metrics,
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(Exposed - Day, 0)] }],
    };

    private static Fact Shown() => new(FactId.Of("x"), Exposed, Exposed, "exposure", Exposure: new Exposure("e", "a"));

    private static Fact Click(long after) => Make("click", after, null, default);

    private static Fact Add(long after, int sku) => Make("add", after, null, Encoding.UTF8.GetBytes($$"""{"sku": {{sku}}}"""));

    private static Fact Buy(long after, decimal? value) =>
        Make("purchase", after, value is { } amount && Scaled.TryFrom(amount, out var scaled) ? scaled : null, default);

    private static Fact Make(string type, long after, long? value, ReadOnlyMemory<byte> properties) =>
        new(FactId.Of($"{type}{after}{value}"), Exposed + after, Exposed + after, type, value, null, properties);
}

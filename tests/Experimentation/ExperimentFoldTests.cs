using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Facts;

namespace CroPlatform.Experimentation.Tests;

/// <summary>The rules of membership, windows, crossover and mismatch, one at a time.</summary>
public sealed class ExperimentFoldTests
{
    private const long Start = 1_000_000;
    private const long Hour = 3_600_000;

    private static readonly Experiment External = new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = Start,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics =
        [
            new Metric { Key = "bought", Kind = MetricKind.Conversion, Event = "purchase" },
            new Metric { Key = "orders", Kind = MetricKind.Count, Event = "purchase", WindowHours = 1 },
            new Metric { Key = "revenue", Kind = MetricKind.Sum, Event = "purchase", CapE4 = 100 * Scaled.One },
            new Metric { Key = "points", Kind = MetricKind.Sum, Event = "purchase", ValueProperty = "loyalty.points" },
        ],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(Start, 0)] }],
    };

    [Test]
    public void Of_NoExposure_IsNone() => Assert.That(Fold(External, Purchase(Start + 1, 5)), Is.EqualTo(Contribution.None));

    [Test]
    public void Of_ExposureBeforeTheStart_IsNone() => Assert.That(Fold(External, Shown("a", Start - 1)), Is.EqualTo(Contribution.None));

    [Test]
    public void Of_OutcomesFromTheExposureOn_AreCounted()
    {
        var contribution = Fold(External, Purchase(Start + 9, 7), Shown("b", Start + 10), Purchase(Start + 10, 5), Purchase(Start + 11, 20));
        Assert.That(contribution.Variant, Is.EqualTo(1));
        Assert.That(contribution.Outcomes.Select(o => o.X), Is.EqualTo(new[] { 1, 2, 25L, 0 }.Select(v => v * Scaled.One)), "the purchase before the exposure does not count");
    }

    [Test]
    public void Of_OutcomeAtTheWindowsEnd_IsOutside()
    {
        var contribution = Fold(External, Shown("a", Start), Purchase(Start + Hour - 1, 1), Purchase(Start + Hour, 1));
        Assert.That(contribution.Outcomes[1].X, Is.EqualTo(Scaled.One));
        Assert.That(contribution.Outcomes[2].X, Is.EqualTo(2 * Scaled.One), "without a window the experiment's stop is the end");
    }

    [Test]
    public void Of_OutcomeAfterTheStop_CountsOnlyWithinAWindow()
    {
        var stopped = External with { StoppedMs = Start + 100, Phases = [External.Phases[0] with { Periods = [new Period(Start, Start + 100)] }] };
        var contribution = Fold(stopped, Shown("a", Start), Purchase(Start + 100, 1));
        Assert.That(contribution.Outcomes[0].X, Is.Zero);
        Assert.That(contribution.Outcomes[1].X, Is.EqualTo(Scaled.One), "other windows run on after the stop");
    }

    [Test]
    public void Of_SumOverTheCap_IsCapped() =>
        Assert.That(Fold(External, Shown("a", Start), Purchase(Start, 60), Purchase(Start, 60)).Outcomes[2].X, Is.EqualTo(100 * Scaled.One));

    [Test]
    public void Of_ValueProperty_IsReadFromTheProperties() =>
        Assert.That(Fold(External, Shown("a", Start), Purchase(Start, 1, """{"loyalty": {"points": 12.5}}""")).Outcomes[3].X, Is.EqualTo(125_000));

    [TestCase("""{"plan": "pro"}""", 1)]
    [TestCase("""{"properties.plan": "pro"}""", 1)]
    [TestCase("""{"value": {"$gt": 10}}""", 1)]
    [TestCase("""{"plan": {"$exists": false}}""", 1)]
    [TestCase("""{"type": "purchase"}""", 2)]
    public void Of_FilteredMetric_CountsWhatPasses(string filter, int expected)
    {
        var filtered = External with
        {
            Metrics = [new Metric { Key = "m", Kind = MetricKind.Count, Event = "purchase", FilterJson = System.Text.Encoding.UTF8.GetBytes(filter) }],
        };
        var contribution = Fold(filtered, Shown("a", Start), Purchase(Start, 5, """{"plan": "pro"}"""), Purchase(Start, 50));
        Assert.That(contribution.Outcomes[0].X, Is.EqualTo(expected * Scaled.One));
    }

    [Test]
    public void Of_TwoVariants_IsCrossoverOfTheFirst()
    {
        var contribution = Fold(External, Shown("b", Start + 1), Shown("a", Start + 2), Purchase(Start + 3, 1));
        Assert.That((contribution.Standing, contribution.Variant), Is.EqualTo((Standing.Crossover, 1)));
        Assert.That(contribution.Outcomes, Is.Empty);
    }

    [Test]
    public void Of_UnknownVariant_IsMismatched()
    {
        var contribution = Fold(External, Shown("z", Start + 1));
        Assert.That((contribution.Standing, contribution.MismatchedVariant), Is.EqualTo((Standing.Absent, 2)));
    }

    [Test]
    public void Of_PlatformExposureAgainstTheBucketing_IsMismatchedAndKeptOut()
    {
        var platform = External with { Assignment = AssignmentMode.Platform };
        var right = BucketRanges.Of(platform.Phases[0]).VariantAt(Bucket.Position(Bucket.Of("e", "u")));
        var (ours, forged) = (platform.Variants[right].Key, platform.Variants[1 - right].Key);
        Assert.That(Fold(platform, Shown(forged, Start + 1)).Standing, Is.EqualTo(Standing.Absent));
        var both = Fold(platform, Shown(forged, Start + 1), Shown(ours, Start + 2));
        Assert.That((both.Standing, both.Variant, both.MismatchedVariant), Is.EqualTo((Standing.Analysed, right, 1 - right)));
    }

    [Test]
    public void Of_UnitThatIsShutOut_IsMismatched()
    {
        var platform = External with { Assignment = AssignmentMode.Platform, Sticky = true };
        Assert.That(Fold(platform, Shown("a", Start)).Standing, Is.EqualTo(Standing.Analysed), "what is remembered is not drawn again");
        var layer = new Layer("l", [new BucketRange(0, 1)]);
        var holdout = new Holdout("h", 1, UnitTypes.Visitor, "h", new BucketRange(0, 1), "holdout", "included");
        Assert.That(Fold(platform with { Layers = [layer] }, Shown("a", Start)).Standing, Is.EqualTo(Standing.Analysed));
        Assert.That(Fold(platform with { Holdouts = [holdout with { Unit = UnitTypes.Account }] }, Shown("a", Start)).Standing, Is.EqualTo(Standing.Analysed));
        foreach (var shut in new[]
        {
            platform with { Layers = [layer with { Ranges = [] }] },
            platform with { Holdouts = [holdout] },
            platform with { Forced = [new ForcedUnit("u", "a")] },
        })
        {
            var contribution = Fold(shut, Shown("a", Start));
            Assert.That((contribution.Standing, contribution.MismatchedVariant), Is.EqualTo((Standing.Absent, 0)));
        }
    }

    [Test]
    public void Of_ExposureDuringAPause_IsNone()
    {
        var paused = External with { Phases = [External.Phases[0] with { Periods = [new Period(Start, Start + 10), new Period(Start + 20, 0)] }] };
        Assert.That(Fold(paused, Shown("a", Start + 15)).Standing, Is.EqualTo(Standing.Absent));
        Assert.That(Fold(paused, Shown("a", Start + 20)).Standing, Is.EqualTo(Standing.Analysed));
    }

    [Test]
    public void Of_MoreFactsThanAPersonMakes_IsABot()
    {
        var history = new UnitHistory("s", "u");
        history.TryAdd(Shown("a", Start));
        for (var i = 0; i <= UnitHistory.MaxFacts; i++) history.TryAdd(Purchase(Start + i, 1));
        history.Trim(_ => true, _ => 0);
        Assert.That(new ExperimentFold(External).Of(history).Standing, Is.EqualTo(Standing.Bot).Or.EqualTo(Standing.Absent));
        Assert.That(history.IsBot, Is.True);
        Assert.That(history.Facts, Has.Count.EqualTo(UnitHistory.MaxFacts));
    }

    private static Contribution Fold(Experiment experiment, params Fact[] facts) => new ExperimentFold(experiment).Of(new UnitHistory("s", "u", facts));

    private static Fact Shown(string variant, long at) => new(FactId.Of($"x{variant}{at}"), at, at, "exposure", Exposure: new Exposure("e", variant));

    private static Fact Purchase(long at, decimal value, string properties = "")
    {
        Scaled.TryFrom(value, out var scaled);
        return new Fact(FactId.Of(Guid.NewGuid().ToString()), at, at, "purchase", scaled, null, System.Text.Encoding.UTF8.GetBytes(properties));
    }
}

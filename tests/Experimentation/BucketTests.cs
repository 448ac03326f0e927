using CroPlatform.Experimentation.Bucketing;
using CroPlatform.Experimentation.Evaluation;
using CroPlatform.Experimentation.Tests.Evaluation;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Experimentation.Tests;

/// <summary>What bucketing must hold for any weights; its conformance cases are in GrowthBook/HashingTests.</summary>
public sealed class BucketTests
{
    [Test]
    public void ExpectedShares_OnePercentOverThreeArms_CountsBuckets()
    {
        double[] thirds = [1 / 3.0, 1 / 3.0, 1 / 3.0];
        Assert.That(BucketRanges.Of(thirds, 0.01).ExpectedShares(), Is.EqualTo(new[] { 0.34, 0.33, 0.33 }).Within(1e-15));
    }

    [Test]
    public void ExpectedShares_NoCoverage_AreZero() => Assert.That(BucketRanges.Of([0.5, 0.5], 0).ExpectedShares(), Is.EqualTo(new[] { 0.0, 0.0 }));

    [Test]
    public void TrafficShares_ALayerOfTheSameSeed_CountsOnlyItsBuckets()
    {
        var layer = new Layer("l", [new BucketRange(0.2, 0.6)]);
        var experiment = Sites.Ab with { Layers = [layer], Phases = [Sites.Ab.Phases[0] with { Seed = layer.Seed }] };
        Assert.That(TrafficShares.Of(experiment, experiment.CurrentPhase), Is.EqualTo(new[] { 0.75, 0.25 }));
        var independent = experiment with { Phases = Sites.Ab.Phases };
        Assert.That(TrafficShares.Of(independent, independent.CurrentPhase), Is.EqualTo(new[] { 0.5, 0.5 }));
    }

    [Test]
    public void TrafficShares_AHoldoutOfTheSameSeed_LeavesItsBucketsOut()
    {
        var holdout = new Holdout("h", 1, UnitTypes.Visitor, "e", new BucketRange(0, 0.25), "holdout", "included");
        var experiment = Sites.Ab with { Holdouts = [holdout] };
        Assert.That(TrafficShares.Of(experiment, experiment.CurrentPhase), Is.EqualTo(new[] { 1 / 3.0, 2 / 3.0 }).Within(1e-12));
    }

    [Test]
    public void Of_ManyUnits_FillsBucketsEvenly()
    {
        var counts = new int[100];
        for (var i = 0; i < 100_000; i++) counts[Bucket.Of("seed", $"visitor-{i}") / 100]++;
        var chiSquare = counts.Sum(c => (c - 1_000.0) * (c - 1_000.0) / 1_000.0);
        Assert.That(chiSquare, Is.LessThan(165), "the 0.99999 quantile of chi-square with 99 degrees of freedom is 166");
    }

    [Test]
    public void VariantAt_CoverageRaised_MovesNoOneWhoIsIn() => Prop.ForAll(
        ArbMap.Default.ArbFor<(NonEmptyString, byte, byte)>(),
        input =>
        {
            var (unit, a, b) = input;
            var (low, high) = (Math.Min(a, b) / 255.0, Math.Max(a, b) / 255.0);
            var position = Bucket.Position(Bucket.Of("seed", unit.Get));
            var before = BucketRanges.Of([0.2, 0.3, 0.5], low).VariantAt(position);
            return before < 0 || before == BucketRanges.Of([0.2, 0.3, 0.5], high).VariantAt(position);
        }).QuickCheckThrowOnFailure();
}

using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Factorials;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.PowerAnalysis;
using CroPlatform.Statistics.Segments;
using CroPlatform.Statistics.Sequential;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Statistics.Tests;

/// <summary>What the checks and sketches answer in situations with a known truth.</summary>
public sealed class BehaviourTests
{
    [Test]
    public void Moments_OfManyMergedParts_KeepAMeanOfABillion()
    {
        // 10^9 observations as 2^20 merges: alternating 1e9 and 1e9 + 1
        var part = Moments.Empty;
        for (var i = 0; i < 1000; i++)
            part = part.Add(1e9 + i % 2);
        var total = part;
        for (var doubling = 0; doubling < 20; doubling++)
            total += total;
        var summary = total.Summary.Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.N, Is.EqualTo(1000L << 20));
            Assert.That(summary.Mean - 1e9, Is.EqualTo(0.5).Within(1e-6));
            Assert.That(summary.Variance, Is.EqualTo(0.25).Within(1e-9));
        }
    }

    [Test]
    public void QuantileSketch_OnAMillionFold_StaysWithinItsError()
    {
        var sketch = new QuantileSketch();
        for (var i = 1; i <= 100_000; i++)
            sketch.Add(i / 100.0);
        using (Assert.EnterMultipleScope())
        {
            foreach (var q in new[] { 0.01, 0.25, 0.5, 0.9, 0.99, 0.999 })
                Assert.That(sketch.Quantile(q).Value, Is.EqualTo((1 + q * 99_999) / 100).Within(1.01).Percent);
        }
    }

    [TestCase(100)]
    [TestCase(10_000)]
    [TestCase(1_000_000)]
    public void DistinctSketch_OfKnownUnits_IsWithinThreeErrors(int units)
    {
        var sketch = new DistinctSketch();
        for (var i = 0; i < units; i++)
        {
            sketch.Add($"unit-{i}");
            if (i % 3 == 0)
                sketch.Add($"unit-{i}");
        }
        Assert.That(sketch.Estimate(), Is.EqualTo(units).Within(3 * sketch.StandardError * 100).Percent);
    }

    [Test]
    public void QuantileMetric_FromSketch_AgreesWithRawClusters()
    {
        var random = new Random(5);
        var sketch = new GroupedQuantileSketch(groups: 200);
        var (values, units) = (new List<double>(), new List<int>());
        for (var unit = 0; unit < 4000; unit++)
        {
            var level = random.NextDouble();
            for (var k = 0; k <= unit % 5; k++)
            {
                values.Add(10 * Math.Exp(level + random.NextDouble()));
                units.Add(unit);
                sketch.Add(UnitHash.Of($"u{unit}"), values[^1]);
            }
        }
        var raw = QuantileMetric.Of(values, units, 0.9).Value;
        var sketched = QuantileMetric.Of(sketch, 0.9).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sketched.Value, Is.EqualTo(raw.Value).Within(1).Percent);
            Assert.That(sketched.StandardError!.Value, Is.EqualTo(raw.StandardError!.Value).Within(35).Percent, "bucket width and 200 groups blur it");
        }
    }

    [Test]
    public void Simpson_OnOpposedSegments_IsSeen()
    {
        // treatment better in both segments, worse when pooled: its units sit in the poor segment
        var result = SimpsonResult.Of([(new(900, 1000), new(93, 100)), (new(10, 100), new(130, 1000))]).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Stratified.Value, Is.GreaterThan(0));
            Assert.That(result.Pooled.Value, Is.LessThan(0));
            Assert.That(result.IsReversed, Is.True);
            Assert.That(result.Opposed, Is.EqualTo(new[] { 0, 1 }));
            Assert.That(result.MixTest.Value.PValue, Is.LessThan(1e-50));
        }
    }

    [Test]
    public void OutlierInfluence_WithOneWhale_IsDecisive()
    {
        var values = Enumerable.Range(0, 1000).Select(i => (double)(i % 10)).ToArray();
        var control = Moments.Of(values).Summary.Value;
        var treatment = Moments.Of(values.Select((v, i) => i == 9 ? 5_000 : v - 0.5)).Summary.Value;
        var whale = OutlierInfluence.Of(control, 9, treatment, 5_000).Value;
        var none = OutlierInfluence.Of(control, 9, control, 9).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(whale.IsDecisive, Is.True);
            Assert.That(none.IsDecisive, Is.False);
        }
    }

    [Test]
    public void EffectTrend_OfAFadingEffect_IsNovelty()
    {
        EffectTrend Trend(double slope) => EffectTrend.Of(
            Enumerable.Range(0, 14).Select(day => ((double)day, new EffectEstimate(0.05 + slope * day, 0.005))).ToArray()).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Trend(-0.003).Kind(), Is.EqualTo(TrendKind.Novelty));
            Assert.That(Trend(0.003).Kind(), Is.EqualTo(TrendKind.Primacy));
            Assert.That(Trend(0).Kind(), Is.EqualTo(TrendKind.None));
        }
    }

    [Test]
    public void Crossover_AboveOnePercentOrUnequal_IsNotOk()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(CrossoverResult.Of([new(50, 10_000), new(52, 10_000)]).Value.IsOk(), Is.True);
            Assert.That(CrossoverResult.Of([new(150, 10_000), new(152, 10_000)]).Value.IsOk(), Is.False);
            Assert.That(CrossoverResult.Of([new(10, 10_000), new(80, 10_000)]).Value.IsOk(), Is.False);
        }
    }

    [Test]
    public void SampleRatio_ByPhase_FindsTheFaultThatPoolingHides()
    {
        var (phases, together) = SampleRatio.ByPhase([([10_500, 9_500], [1, 1]), ([9_500, 10_500], [1, 1])]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(SampleRatio.ChiSquare([20_000, 20_000], [1, 1]).IsOk(), Is.True);
            Assert.That(phases.Any(p => p.IsOk()), Is.False);
            Assert.That(together.Value.DegreesOfFreedom, Is.EqualTo(2));
        }
    }

    [Test]
    public void Segments_WithOneThatDiffers_AdjustsAndShrinks()
    {
        var result = SegmentEffects.Of([
            ("device", "mobile", new Proportion(500, 10_000), new Proportion(640, 10_000)),
            ("device", "desktop", new Proportion(500, 10_000), new Proportion(505, 10_000)),
            ("device", "tablet", new Proportion(0, 50), new Proportion(0, 40)),
        ]).Value;
        var mobile = result.Segments[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mobile.AdjustedPValue.Value, Is.EqualTo(2 * mobile.Comparison.Test.Value.PValue).Within(1e-12), "two segments can be judged");
            Assert.That(result.Segments[2].AdjustedPValue.Missing?.Code, Is.EqualTo("no_variance"));
            Assert.That(mobile.Shrunk.Value.Effect, Is.LessThan(mobile.Comparison.Difference.Value.Value));
            Assert.That(result.Dimensions[0].Interaction.Value.PValue, Is.LessThan(0.01));
        }
    }

    [Test]
    public void FractionalDesign_OfResolutionFour_NamesItsAliases()
    {
        var design = FactorialDesign.Fractional(3, "ABC");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(design.Aliases("AB"), Is.EqualTo(new[] { "CD" }));
            Assert.That(design.Aliases("A"), Is.Empty);
            Assert.That(
                FactorialAnalysis.Linear(design, design.Runs.Select(_ => new SampleSummary(10, 1, 1)).ToArray(), ["AB", "CD"]).Missing?.Code,
                Is.EqualTo("no_variance"));
        }
    }

    [Test]
    public void EValues_OfStrongEvidence_AreRejectedByEBh()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(EValues.BenjaminiHochberg([100, 1, 45, 0.2]).Value, Is.EqualTo(new[] { true, false, true, false }));
            Assert.That(EValues.ToPValue(0.5), Is.EqualTo(1));
            Assert.That(EValues.FromPValue(0.0001).Value, Is.EqualTo(50).Within(1e-9));
        }
    }

    [Test]
    public void BayesianStopping_OnClearData_NamesTheArm()
    {
        var comparison = BayesianComparison.Of(new BetaPosterior(501, 9_501), new BetaPosterior(701, 9_301)).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(BayesianStopping.Decide(comparison, 1e-4).Value, Is.EqualTo("treatment"));
            Assert.That(BayesianStopping.Decide(BayesianComparison.Of(new BetaPosterior(6, 96), new BetaPosterior(7, 95)).Value, 1e-4).Value, Is.Null);
        }
    }

    [Test]
    public void Duration_OfAPlan_CountsAllArmsAndTheWindow()
    {
        var plan = SampleSize.ForRelativeEffect(0.05, 0.2, new() { Treatments = 2 }).Value;
        Assert.That(Duration.Days(plan, 5_000, 0.5, 7).Value, Is.EqualTo(plan.Total / 2_500 + 7).Within(1e-9));
    }

    [Test]
    public void SampleSize_WithCupedAndSequentialInflation_Scales()
    {
        var design = GroupSequentialDesign.Create([0.5, 1]).Value;
        var plain = SampleSize.ForMeans(0.1, 2).Value.ControlExact;
        var cuped = SampleSize.ForMeans(0.1, 2, new() { CovariateCorrelation = 0.6 }).Value.ControlExact;
        var sequential = SampleSize.ForMeans(0.1, 2, new() { SequentialInflation = design.InflationFactor }).Value.ControlExact;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cuped / plain, Is.EqualTo(0.64).Within(0.1).Percent);
            Assert.That(sequential / plain, Is.EqualTo(design.InflationFactor).Within(0.1).Percent);
        }
    }

    [Test]
    public void GroupSequential_TwoSidedWithFutility_StopsInTheWedgeOnlyThere()
    {
        var options = new GroupSequentialOptions { BetaSpending = Spending.Pocock };
        var design = GroupSequentialDesign.Create([0.5, 1], options).Value;
        var binding = GroupSequentialDesign.Create([0.5, 1], options with { BindingFutility = true }).Value;
        var without = GroupSequentialDesign.Create([0.5, 1]).Value;
        var wedge = design.WedgeBounds[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wedge, Is.GreaterThan(0).And.LessThan(design.UpperBounds[0]));
            Assert.That(design.Analyze(1, -0.9 * wedge, 1).Value, Has.Property("Futile").True.And.Property("Rejects").False);
            Assert.That(design.Analyze(1, 1.1 * wedge, 1).Value, Has.Property("Futile").False.And.Property("Rejects").False);
            Assert.That(design.Analyze(1, -1.1 * design.UpperBounds[0], 1).Value, Has.Property("Futile").False.And.Property("Rejects").True);
            Assert.That(design.UpperBounds, Is.EqualTo(without.UpperBounds).Within(1e-12), "ignoring a non-binding wedge costs nothing");
            Assert.That(binding.UpperBounds[1], Is.LessThan(without.UpperBounds[1]), "obeying a binding one lowers the bound");
            Assert.That(without.WedgeBounds, Is.All.Zero);
        }
    }
}

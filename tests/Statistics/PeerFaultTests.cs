using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.PowerAnalysis;
using CroPlatform.Statistics.Sequential;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Statistics.Tests;

/// <summary>Faults found in other engines, each of which must not be here.</summary>
public sealed class PeerFaultTests
{
    [Test]
    public void Variance_AtAMeanOfABillion_StaysRight()
    {
        // 1e9 - 0.0001, 1e9 - 0.0002 …: sums of squares in doubles lose everything, and turn negative
        var moments = ExactMoments.Zero;
        var floats = Moments.Empty;
        for (var i = 0; i < 1000; i++)
        {
            moments = moments.Add(ExactMoments.MaxUnits - i % 4);
            floats = floats.Add(1e9 + i % 4);
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(moments.Variance.Value, Is.EqualTo(1.25e-8 * 1000 / 999).Within(1e-22));
            Assert.That(floats.Variance.Value, Is.EqualTo(1.25 * 1000 / 999).Within(1e-9));
        }
    }

    [Test]
    public void Welch_ArmsWithoutVariance_IsNotComputable()
    {
        var flat = new SampleSummary(100, 3, 0);
        var result = WelchT.Compare(flat, flat with { Mean = 4 });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Test.Missing?.Code, Is.EqualTo("no_variance"));
            Assert.That(result.Difference.Missing?.Code, Is.EqualTo("no_variance"));
            Assert.That(result.Lift.Missing?.Code, Is.EqualTo("no_variance"));
            Assert.That(result.IsSignificant, Is.False);
        }
    }

    [Test]
    public void Welch_OneArmWithoutVariance_UsesTheOther()
    {
        var result = WelchT.Compare(new(100, 3, 0), new(100, 4, 1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Test.Value.PValue, Is.InRange(1e-30, 1e-10));
            Assert.That(result.Test.Value.DegreesOfFreedom, Is.EqualTo(99).Within(1e-9));
            Assert.That(result.Difference.Value.Interval.Width, Is.GreaterThan(0.3));
        }
    }

    [Test]
    public void PValue_BelowTheSmallestDouble_HasItsLogarithm()
    {
        var test = TwoProportions.PooledZ(new(50_000, 1_000_000), new(150_000, 1_000_000)).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(test.PValue, Is.Zero);
            Assert.That(test.LogPValue, Is.EqualTo(-0.5 * test.Statistic * test.Statistic).Within(1).Percent);
            Assert.That(test.LogPValue, Is.LessThan(-20_000));
        }
    }

    [Test]
    public void SampleRatio_ArmOfShareZero_IsNoDegreeOfFreedom()
    {
        var empty = SampleRatio.ChiSquare([1000, 1080, 0], [1, 1, 0]);
        var filled = SampleRatio.ChiSquare([1000, 1080, 3], [1, 1, 0]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(empty.Test.Value.DegreesOfFreedom, Is.EqualTo(1));
            Assert.That(empty.Test.Value.PValue, Is.EqualTo(SampleRatio.ChiSquare([1000, 1080], [1, 1]).Test.Value.PValue));
            Assert.That(empty.IsOk(), Is.True);
            Assert.That(filled.UnexpectedArms, Is.EqualTo(new[] { 2 }));
            Assert.That(filled.IsOk(), Is.False);
        }
    }

    [Test]
    public void Significance_WhereOwnIntervalHoldsZero_IsNotClaimed()
    {
        var contradictions = 0;
        for (var s = 0; s <= 60; s++)
        {
            foreach (var (n0, n1) in new[] { (2000L, 60L), (60L, 2000L), (200L, 200L) })
            {
                var result = TwoProportions.Compare(new(Math.Min(n0, n0 / 40), n0), new(Math.Min(s, n1), n1));
                if (!result.Test.TryGet(out var test) || !result.Difference.TryGet(out var difference))
                    continue;
                if (test.PValue <= 0.05 && difference.Interval.Contains(0))
                    contradictions++;
                Assert.That(result.IsSignificant && difference.Interval.Contains(0), Is.False);
                Assert.That(result.IsSignificant && result.Lift.TryGet(out var lift) && lift.Interval.Contains(0), Is.False);
            }
        }
        Assert.That(contradictions, Is.GreaterThan(0), "the pooled test and the Wald interval do disagree somewhere, so the rule matters");
    }

    [Test]
    public void Corrections_OnSmallPValues_ChangeThem()
    {
        double[] p = [0.01, 0.02, 0.03];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PValueAdjustment.Holm(p).Value, Is.EqualTo(new[] { 0.03, 0.04, 0.04 }).Within(1e-15));
            Assert.That(PValueAdjustment.BenjaminiHochberg(p).Value, Is.EqualTo(new[] { 0.03, 0.03, 0.03 }).Within(1e-15));
            Assert.That(PValueAdjustment.BenjaminiYekutieli(p).Value[0], Is.GreaterThan(0.05));
        }
    }

    [Test]
    public void ChanceToWin_AtOneAgainstFourOfTwenty_IsTheBetas()
    {
        // the normal approximation on the rates says 0.930; Miller's exact sum for Beta(2, 20) and Beta(5, 17) says 0.9082
        var comparison = BayesianComparison.Of(BetaPrior.Flat.Update(new(1, 20)).Value, BetaPrior.Flat.Update(new(4, 20)).Value).Value;
        Assert.That(comparison.ProbabilityBeatsControl, Is.EqualTo(0.9081943106).Within(1e-9));
    }

    [Test]
    public void Ranking_WhereLowerIsBetter_TurnsRound()
    {
        Posterior[] arms = [new NormalPosterior(10, 1), new NormalPosterior(12, 1), new NormalPosterior(7, 1)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(BayesianRanking.Of(arms).Value.ProbabilityBest[1], Is.GreaterThan(0.9));
            Assert.That(BayesianRanking.Of(arms, lowerIsBetter: true).Value.ProbabilityBest[2], Is.GreaterThan(0.95));
            Assert.That(BayesianRanking.Of(arms, lowerIsBetter: true).Value.ExpectedLoss[2], Is.LessThan(0.1));
        }
    }

    [Test]
    public void SequentialTest_TreatmentsMany_DependsOnItsOwnTwoArmsOnly()
    {
        // other groups' units must not inflate the evidence of this comparison
        var design = SampleSize.ForRelativeEffect(0.05, 0.2).Value;
        var many = SampleSize.ForRelativeEffect(0.05, 0.2, new() { Treatments = 4, Correction = ArmCorrection.None }).Value;
        var sequence = AlwaysValid.Proportions(new(500, 10_000), new(560, 10_000), 0.01).Value;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(many.Control, Is.EqualTo(design.Control));
            Assert.That(sequence.Estimate.StandardError, Is.EqualTo(Math.Sqrt((0.05 * 0.95 + 0.056 * 0.944) / 10_000)).Within(1e-12));
        }
    }

    [Test]
    public void Merge_OfThreeMillionObservations_DoesNotOverflow()
    {
        var parts = Enumerable.Range(0, 3).Select(k =>
        {
            var part = ExactMoments.Zero;
            for (var i = 0; i < 1_000_000; i++)
                part = part.Add(3_000_000_000L + i + k);
            return part;
        }).ToArray();
        var merged = parts[0] + parts[1] + parts[2];
        // variance of 0 … 999 999 thrice, shifted by 0, 1 and 2 units: n²−1 over 12 and 2/3
        var expected = ((1e12 - 1) / 12 + 2.0 / 3) * 3e6 / (3e6 - 1) * 1e-8;
        Assert.That(merged.Variance.Value, Is.EqualTo(expected).Within(1e-11 * expected));
    }

    [Test]
    public void ExactMoments_BeyondTheirRange_AreRefused()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => ExactMoments.Of(ExactMoments.MaxUnits + 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(ExactMoments.ToUnits(1.00005).Value, Is.EqualTo(10_001));
            Assert.That(ExactMoments.ToUnits(-1e9).Value, Is.EqualTo(-ExactMoments.MaxUnits));
            Assert.That(ExactMoments.ToUnits(1.1e9).Missing?.Code, Is.EqualTo("invalid_input"));
            Assert.That(
                () => new ExactMoments(1, Int128.MaxValue, 0) + new ExactMoments(1, 1, 0),
                Throws.InstanceOf<OverflowException>(), "sums are checked");
        }
    }
}

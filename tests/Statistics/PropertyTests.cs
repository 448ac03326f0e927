using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Sequential;
using FsCheck;
using FsCheck.Fluent;

namespace CroPlatform.Statistics.Tests;

/// <summary>What holds for any data.</summary>
public sealed class PropertyTests
{
    private static readonly Gen<long> Units = Gen.Choose(-2_000_000_000, 2_000_000_000).Select(u => u * 5_000L);

    private static readonly Gen<(Proportion Control, Proportion Treatment)> Arms =
        from n0 in Gen.Choose(5, 3000)
        from n1 in Gen.Choose(5, 3000)
        from s0 in Gen.Choose(0, n0)
        from s1 in Gen.Choose(0, n1)
        select (new Proportion(s0, n0), new Proportion(s1, n1));

    [Test]
    public void ExactMoments_MergedInAnyShape_AreEqualToTheBit() => Check(Units.ListOf(40), values =>
    {
        var forward = values.Aggregate(ExactMoments.Zero, (m, v) => m.Add(v));
        var halves = values.Take(13).Reverse().Aggregate(ExactMoments.Zero, (m, v) => m.Add(v))
            + values.Skip(13).Aggregate(ExactMoments.Zero, (m, v) => m.Add(v));
        var removed = values.Take(7).Aggregate(forward, (m, v) => m.Remove(v)) + values.Take(7).Aggregate(ExactMoments.Zero, (m, v) => m.Add(v));
        return forward == halves && forward == removed && forward.Variance.Value >= 0;
    });

    [Test]
    public void Moments_MergedInAnyShape_AgreeWithExactOnes() => Check(Units.ListOf(40), values =>
    {
        var exact = values.Aggregate(ExactMoments.Zero, (m, v) => m.Add(v)).Summary.Value;
        var left = Moments.Of(values.Take(11).Select(v => v / 1e4));
        var right = Moments.Of(values.Skip(11).Select(v => v / 1e4));
        var merged = (right + left).Summary.Value;
        return Close(merged.Mean, exact.Mean, 1e-12 * exact.StandardDeviation) && Close(merged.Variance, exact.Variance, 1e-12 * exact.Variance);
    });

    [Test]
    public void Sketches_MergedInAnyOrder_AreEqual() => Check(Units.ListOf(60), values =>
    {
        var (one, a, b) = (new QuantileSketch(), new QuantileSketch(), new QuantileSketch());
        var (all, d1, d2) = (new DistinctSketch(10), new DistinctSketch(10), new DistinctSketch(10));
        for (var i = 0; i < values.Count; i++)
        {
            one.Add(values[i] / 1e4);
            (i % 3 == 0 ? a : b).Add(values[i] / 1e4);
            all.Add(values[i].ToString());
            (i % 3 == 0 ? d1 : d2).Add(values[i].ToString());
        }
        b.Merge(a);
        d2.Merge(d1);
        var sorted = values.Order().ToArray();
        var median = sorted[(int)(0.5 * (sorted.Length - 1))] / 1e4;
        return one.Describe() == b.Describe() && all.Registers.SequenceEqual(d2.Registers)
            && Math.Abs(one.Quantile(0.5).Value - median) <= 0.01001 * Math.Abs(median);
    });

    [Test]
    public void Comparisons_WithArmsSwapped_TurnSign() => Check(Arms, arms =>
    {
        var forward = TwoProportions.Compare(arms.Control, arms.Treatment);
        var back = TwoProportions.Compare(arms.Treatment, arms.Control);
        if (!forward.Test.TryGet(out var test))
            return !back.Test.IsComputed;
        var newcombe = DifferenceInterval.Newcombe(arms.Control, arms.Treatment).Value.Interval;
        var mirrored = DifferenceInterval.Newcombe(arms.Treatment, arms.Control).Value.Interval;
        var score = DifferenceInterval.MiettinenNurminen(arms.Control, arms.Treatment).Value.Interval;
        var scoreBack = DifferenceInterval.MiettinenNurminen(arms.Treatment, arms.Control).Value.Interval;
        var fisher = FisherExact.Test(arms.Control, arms.Treatment).Value;
        return Close(test.Statistic, -back.Test.Value.Statistic, 1e-12 * Math.Abs(test.Statistic))
            && Close(test.LogPValue, back.Test.Value.LogPValue, 1e-10 * (1 - test.LogPValue))
            && Close(newcombe.Low, -mirrored.High, 1e-12) && Close(score.Low, -scoreBack.High, 1e-8)
            && Close(fisher.LogPValue, FisherExact.Test(arms.Treatment, arms.Control).Value.LogPValue, 1e-8 * (1 - fisher.LogPValue));
    });

    [Test]
    public void Bayes_WithArmsSwapped_IsTheComplement() => Check(Arms, arms =>
    {
        var (c, t) = (BetaPrior.Flat.Update(arms.Control).Value, BetaPrior.Flat.Update(arms.Treatment).Value);
        var forward = BayesianComparison.Of(c, t).Value;
        var back = BayesianComparison.Of(t, c).Value;
        return Close(forward.ProbabilityBeatsControl, 1 - back.ProbabilityBeatsControl, 1e-9) && Close(forward.ExpectedLoss, back.ExpectedLossOfControl, 1e-10);
    }, 60);

    [Test]
    public void PValue_WithMoreEvidence_Falls() => Check(Arms, arms =>
    {
        // the same rates on ten times the units: same direction, never less evidence
        var more = (Control: new Proportion(arms.Control.Successes * 10, arms.Control.Trials * 10), Treatment: new Proportion(arms.Treatment.Successes * 10, arms.Treatment.Trials * 10));
        return !TwoProportions.PooledZ(arms.Control, arms.Treatment).TryGet(out var less)
            || TwoProportions.PooledZ(more.Control, more.Treatment).Value.LogPValue <= less.LogPValue + 1e-12;
    });

    [Test]
    public void PValue_WithLargerDifference_Falls() => Check(Gen.Choose(51, 180), converted =>
        TwoProportions.PooledZ(new(50, 1000), new(converted + 1, 1000)).Value.LogPValue < TwoProportions.PooledZ(new(50, 1000), new(converted, 1000)).Value.LogPValue
        && AlwaysValid.Proportions(new(50, 1000), new(converted + 1, 1000), 0.02).Value.LogEValue > AlwaysValid.Proportions(new(50, 1000), new(converted, 1000), 0.02).Value.LogEValue);

    [Test]
    public void Log_OfThePValue_IsItsLogarithm() => Check(Arms, arms =>
        !TwoProportions.PooledZ(arms.Control, arms.Treatment).TryGet(out var test) || test.PValue < 1e-300
        || Close(Math.Log(test.PValue), test.LogPValue, 1e-11 * (1 - test.LogPValue)));

    private static bool Close(double a, double b, double tolerance) => Math.Abs(a - b) <= tolerance;

    private static void Check<T>(Gen<T> gen, Func<T, bool> property, int runs = 200) =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(runs).WithReplay(new Replay(new Rnd(20240229), null)), Prop.ForAll(gen.ToArbitrary(), property));
}

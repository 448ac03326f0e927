using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Bayesian;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Meta;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.PowerAnalysis;
using CroPlatform.Statistics.Segments;
using CroPlatform.Statistics.Sequential;
using CroPlatform.Statistics.Trust;
using CroPlatform.Statistics.VarianceReduction;

namespace CroPlatform.Statistics.Tests;

/// <summary>No method throws on finite input, and no figure computed is NaN: extreme and ordinary values, thousands of seeded draws.</summary>
public sealed class FuzzTests
{
    private static readonly double[] Extremes =
        [0, 1, -1, 0.5, 0.05, 1e-300, -1e-300, 1e300, -1e300, double.MaxValue, double.Epsilon, 1e-9, 1e9, 3.14, 100, -0.0, 1e16, 0.95, 0.999999999999];

    private readonly Random _random = new(4711);

    [Test]
    public void EveryMethod_OnAnyFiniteInput_AnswersOrSaysWhyNot()
    {
        using (Assert.EnterMultipleScope())
        {
            for (var i = 0; i < 4000; i++)
            {
                var (c, t) = (Arm(), Arm());
                var (m0, m1) = (Sample(), Sample());
                var confidence = Number();
                var alternative = (Alternative)_random.Next(3);
                Good(TwoProportions.Compare(c, t, confidence, alternative));
                Good(TwoProportions.PooledZ(c, t, alternative, continuityCorrection: true));
                Good(TwoProportions.UnpooledZ(c, t));
                Good(WelchT.Compare(m0, m1, confidence, alternative));
                Good(WelchAnova.Test([m0, m1, Sample()]));
                Good(ContingencyTable.ChiSquare([c, t, Arm()]));
                Good(ContingencyTable.ChiSquare([c, t], yates: true));
                Good(ContingencyTable.G([c, t, Arm()]));
                Good(RatioMetric.Compare(Pair(), Pair(), confidence));
                Good(RatioMetric.Fieller(Pair()));
                Good(BinomialInterval.Wilson(c, confidence));
                Good(BinomialInterval.AgrestiCoull(c, confidence));
                Good(DifferenceInterval.Newcombe(c, t, confidence));
                Good(DifferenceInterval.MiettinenNurminen(c, t, confidence));
                Good(EffectSize.CohenD(m0, m1));
                Good(EffectSize.HedgesG(m0, m1));
                Good(NonInferiority.Means(m0, m1, Number()));
                Good(NonInferiority.Proportions(c, t, Number()));
                Good(MantelHaenszel.Test([[c, t], [Arm(), Arm()]]));
                Good(MantelHaenszel.OddsRatio([(c, t), (Arm(), Arm())]));
                Good(AlwaysValid.MixtureSprt(Number(), Number(), Number()));
                Good(AlwaysValid.Proportions(c, t, Number()));
                Good(MetaAnalysis.RandomEffects([new(Number(), Number()), new(Number(), Number()), new(Number(), Number())]).Map(r => r.Effect));
                Good(PostStratification.Compare([(m0, m1), (Sample(), Sample())]));
                Good(EffectTrend.Of([(Number(), new(Number(), Number())), (2, new(1, 1)), (3, new(1, 2))]).Map(r => r.Slope));
                Good(OutlierInfluence.Of(m0, Number(), m1, Number()).Map(r => r.All.Lift).Then(r => r));
                SampleRatio.ChiSquare([_random.Next(100), 3, 5], [Number(), 1, 1]);
                SampleRatio.AlwaysValid([_random.Next(100), 3, 5], [Number(), 1, 1], Number());
                SimpsonResult.Of([(c, t), (Arm(), Arm())]);
                SegmentEffects.Of([("d", "a", c, t), ("d", "b", Arm(), Arm())]);
                PValueAdjustment.Holm([Number(), Number()]);
            }
        }
    }

    [Test]
    public void SlowerMethods_OnAnyFiniteInput_AnswerOrSayWhyNot()
    {
        using (Assert.EnterMultipleScope())
        {
            for (var i = 0; i < 250; i++)
            {
                var options = new PowerOptions { Alpha = Number(), Power = Number(), AllocationRatio = Number(), CovariateCorrelation = Number() };
                Good(Power.ForProportions(Number(), Number(), Number(), options));
                Good(Power.ForMeans(Number(), Number(), Number(), Number()));
                Good(SampleSize.ForProportions(Number(), Number()).Map(p => p.ControlExact));
                Good(SampleSize.ForMeans(Number(), Number()).Map(p => p.ControlExact));
                Good(MinimumDetectableEffect.ForProportions(Number(), Number()));
                Good(BetaPrior.Informed(Number(), Number()).Update(Arm()).Then(p => BayesianComparison.Of(p, new BetaPosterior(3, 8))).Map(b => b.ProbabilityBeatsControl));
                Good(new NormalPrior(Number(), Number()).Update(Sample()).Then(p => BayesianComparison.Of(p, new NormalPosterior(1, 2))).Map(b => b.ProbabilityBeatsControl));
                Good(Dunnett.Test(Sample(), [Sample(), Sample()]).Map(r => r[0].PValue));
                Good(Cuped.Adjust(MomentMatrix.Of([[Number(), Number()], [1, 2], [3, 5]]), MomentMatrix.Of([[1, 2], [Number(), 4], [2, 2]])).Map(r => r.Control.Mean));
                GroupSequentialDesign.Create([Number(), Number()]);
                GroupSequentialDesign.Create(
                    [0.5 * _random.NextDouble(), 1], new() { Alpha = Number(), Beta = Number(), BetaSpending = Spending.Pocock, BindingFutility = _random.Next(2) == 0 });
                FisherExact.Test(Arm(), Arm(), (Alternative)_random.Next(3));
                MannWhitney.Test([Number(), Number(), 1], [Number(), 2]);
            }
        }
    }

    private double Number() => _random.Next(3) == 0 ? Extremes[_random.Next(Extremes.Length)]
        : _random.Next(2) == 0 ? _random.NextDouble() : Math.Pow(10, _random.Next(-20, 20)) * (_random.NextDouble() - 0.3);

    private long Count() => _random.Next(4) switch
    {
        0 => _random.Next(-2, 5),
        1 => _random.Next(5000),
        2 => _random.NextInt64(2_000_000_000),
        _ => _random.NextInt64(1_000_000_000_000_000),
    };

    private Proportion Arm()
    {
        var (a, b) = (Count(), Count());
        return _random.Next(10) == 0 ? new(a, b) : new(Math.Min(a, b), Math.Max(a, b));
    }

    private SampleSummary Sample() => new(Count(), Number(), Number());

    private PairSummary Pair() => new(Count(), Number(), Number(), Number(), Number(), Number());

    private static void Good(Comparison comparison)
    {
        Good(comparison.Test);
        Good(comparison.Difference);
        Good(comparison.Lift);
    }

    private static void Good(Computed<TestResult> test)
    {
        if (test.TryGet(out var result))
            Assert.That(result.PValue is >= 0 and <= 1 && result.LogPValue <= 0 && !double.IsNaN(result.Statistic), Is.True, () => $"{result}");
    }

    private static void Good(Computed<Estimate> estimate)
    {
        if (estimate.TryGet(out var result))
            Assert.That(double.IsNaN(result.Value) || double.IsNaN(result.Interval.Low) || double.IsNaN(result.Interval.High), Is.False, () => $"{result}");
    }

    private static void Good(Computed<Interval> interval)
    {
        if (interval.TryGet(out var result))
            Assert.That(result.Low <= result.High, Is.True, () => $"{result}");
    }

    private static void Good(Computed<double> figure)
    {
        if (figure.TryGet(out var value))
            Assert.That(value, Is.Not.NaN);
    }

    private static void Good(Computed<AlwaysValidResult> result) => Good(result.Map(r => r.Estimate));
}

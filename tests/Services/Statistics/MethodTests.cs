using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Sequential;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Verdicts and figures by each method, while experiments run.</summary>
public sealed class MethodTests
{
    private const long DayMs = 86_400_000;
    private const long Start = 100 * DayMs;
    private const long Later = Start + 5 * DayMs;

    private static readonly Experiment Running = new()
    {
        Site = "s",
        Key = "e",
        Version = 1,
        EffectiveMs = Start,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = [new Metric { Key = "m", Kind = MetricKind.Conversion, Event = "x", WindowHours = 24 }],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(Start, 0)] }],
    };

    [TestCase(10_000, 500, 10_000, 700, "winner")]
    [TestCase(10_000, 700, 10_000, 500, "loser")]
    [TestCase(10_000, 500, 10_000, 560, "undecided", Description = "p = 0.054, but by the sequence far from it")]
    public void AlwaysValid_WhileItRuns_DecidesWhenItIsSure(long n0, long c0, long n1, long c1, string verdict) =>
        Assert.That(Analyse(Running, Counts(n0, c0, n1, c1)).Decision.Value, Is.EqualTo(verdict));

    [Test]
    public void AlwaysValid_Figures_AreTheLibrarysSequence()
    {
        var b = Analyse(Running, Counts(10_000, 500, 10_000, 700)).Metrics[0].Variants[1];
        var difference = TwoProportions.Difference(new(500, 10_000), new(700, 10_000)).Value;
        var expected = AlwaysValid.ConfidenceSequence(0.02, difference.StandardError!.Value, difference.StandardError.Value * Math.Sqrt(2)).Value;
        Assert.That(b.AlwaysValid!.PValue, Is.EqualTo(expected.PValue).Within(1e-9).Percent, "tuned for 5 000 units an arm");
        Assert.That(b.AlwaysValid.DifferenceInterval, Is.EqualTo(new[] { expected.Estimate.Interval.Low, expected.Estimate.Interval.High }).Within(1e-12));
        Assert.That(b.AlwaysValid.DifferenceInterval![0], Is.LessThan(b.DifferenceInterval![0]), "wider than that of one look");
        Assert.That(b.AdjustedPValue, Is.EqualTo(b.AlwaysValid.PValue), "one question: nothing to adjust");
    }

    [Test]
    public void AlwaysValid_BelowItsAsymptotics_Waits()
    {
        Assert.That(CodesOf(Counts(400, 10, 400, 100)), Does.Contain("too_few_units"), "400 units an arm");
        Assert.That(CodesOf(Counts(4_000, 20, 4_000, 100)), Does.Contain("too_few_units"), "20 conversions");

        static IEnumerable<string> CodesOf(Numbers numbers) => Analyse(Running, numbers).Decision.Reasons.Select(r => r.Code);
    }

    [Test]
    public void Verdict_OnUnitsThatHaveNotMatured_Waits()
    {
        var late = Counts(10_000, 500, 10_000, 900, day: 104);
        Assert.That(Analyse(Running, late).Decision.Value, Is.EqualTo("undecided"));
        var windowless = Running with { Metrics = [Running.Metrics[0] with { WindowHours = 0 }] };
        Assert.That(Analyse(windowless, Counts(10_000, 500, 10_000, 900)).Decision.Reasons[0].Code, Is.EqualTo("maturing"));
    }

    [Test]
    public void GroupSequential_DecidesAtLooksOnly_ByTheirBounds()
    {
        var planned = Running with { Decision = new DecisionRule { Method = DecisionMethod.GroupSequential, MaxSample = 10_000, Looks = 5 } };
        var early = Counts(1_900, 90, 1_900, 300);
        Assert.That(Due(planned, early, []), Is.Null, "the first look is at 2 000");
        var first = Due(planned, Counts(2_000, 100, 2_000, 150), [])!;
        Assert.That(first.Information, Is.EqualTo(0.2));
        var results = Analyse(planned, early, first);
        Assert.That(results.Decision.Value, Is.EqualTo("undecided"), "z = 3.27 lies below the first bound");
        var figures = results.Metrics[0].Variants[1].GroupSequential!;
        Assert.That(figures.Bound, Is.EqualTo(4.87688494879076).Within(2e-5), "rpact");
        Assert.That((figures.LooksTaken, figures.LooksPlanned, figures.NextInformation), Is.EqualTo((1, 5, 0.4)));

        var second = Due(planned, Counts(4_000, 200, 4_000, 290), [first])!;
        Assert.That(Analyse(planned, early, first, second).Decision.Value, Is.EqualTo("winner"), "z = 4.2 is above the second bound of 3.36");
        Assert.That(Due(planned, Counts(4_100, 200, 4_100, 280), [first, second]), Is.Null, "no look in between");
        var sunk = Due(planned, Counts(6_000, 300, 6_000, 300), [first, second])!;
        Assert.That(Analyse(planned, early, first, second, sunk).Decision.Value, Is.EqualTo("winner"), "what a look decided stays decided");
    }

    [Test]
    public void GroupSequential_Stopped_TakesItsLastLook()
    {
        var stopped = Running with
        {
            Status = ExperimentStatus.Completed,
            StoppedMs = Start + DayMs,
            Decision = new DecisionRule { Method = DecisionMethod.GroupSequential, MaxSample = 10_000 },
        };
        var last = Due(stopped, Counts(5_000, 250, 5_000, 260), [])!;
        Assert.That(last.Information, Is.EqualTo(1));
        Assert.That(Analyse(stopped, Counts(5_000, 250, 5_000, 260), last).Decision.Value, Is.EqualTo("inconclusive"));
    }

    [TestCase(0.05, "winner")]
    [TestCase(1e-7, "undecided", Description = "too much is lost if it is wrong")]
    public void Bayesian_NeedsProbabilityAndALittleLoss(double maxLoss, string verdict)
    {
        var bayesian = Running with { Decision = new DecisionRule { Method = DecisionMethod.Bayesian, MaxLoss = maxLoss } };
        var results = Analyse(bayesian, Counts(2_000, 100, 2_000, 130));
        Assert.That(results.Decision.Value, Is.EqualTo(verdict));
        Assert.That(results.Metrics[0].Variants[1].Bayesian!.ProbabilityBeatsControl, Is.EqualTo(0.978).Within(0.002));
        Assert.That(results.Warnings.Select(w => w.Code), Does.Contain("bayesian"));
    }

    [Test]
    public void Criterion_WeighsMetricsAgainstEachOther()
    {
        var two = Running with
        {
            Metrics = [Running.Metrics[0] with { Weight = 5 }, Running.Metrics[0] with { Key = "n", Weight = 1 }],
            Decision = new DecisionRule { Method = DecisionMethod.Fixed, Rule = WinnerRule.Criterion, MaxDays = 3 },
        };
        var numbers = Numbers([Cell(0, 100, 20_000, 2_000, 2_000), Cell(1, 100, 20_000, 2_600, 1_800)]);
        Assert.That(Analyse(two, numbers).Decision.Value, Is.EqualTo("winner"), "five times +30 % outweighs −10 %");
        Assert.That(Analyse(two with { Decision = two.Decision with { Rule = WinnerRule.RiskAware } }, numbers).Decision.Value, Is.Not.EqualTo("winner"), "one metric is worse");
    }

    [Test]
    public void Guardrail_WithAMargin_MustBeProvenNotInferior()
    {
        var guarded = Running with
        {
            Metrics = [Running.Metrics[0], Running.Metrics[0] with { Key = "g", Guardrail = true, Margin = 0.05 }],
            Decision = new DecisionRule { Method = DecisionMethod.Fixed, MaxDays = 3 },
        };
        Assert.That(Verdict(20_000), Is.EqualTo(("inconclusive", "guardrail_unproven")));
        Assert.That(Verdict(2_000_000), Is.EqualTo(("winner", "guardrail_held")));

        (string, string) Verdict(long n)
        {
            var decision = Analyse(guarded, Numbers([Cell(0, 100, n, n / 20, n / 10), Cell(1, 100, n, n / 16, n / 10)])).Decision;
            return (decision.Value, decision.Reasons.Single(r => r.Code.StartsWith("guardrail", StringComparison.Ordinal)).Code);
        }
    }

    [Test]
    public void Phases_OfDifferentWeights_AreNotThrownTogether()
    {
        var phased = Running with
        {
            Phases = [Running.Phases[0] with { Weights = [0.9, 0.1] }, Running.Phases[0] with { Index = 1, Weights = [0.1, 0.9] }],
        };
        // The same rates within each phase; thrown together the treatment would seem far better, as the second phase converts more.
        var numbers = Numbers([Cell(0, 100, 9_000, 450), Cell(1, 100, 1_000, 50), Cell(0, 101, 1_000, 200, phase: 1), Cell(1, 101, 9_000, 1_800, phase: 1)]);
        var b = Analyse(phased, numbers).Metrics[0].Variants[1];
        Assert.That(b.Difference, Is.EqualTo(0).Within(1e-12));
        Assert.That(b.Mean, Is.EqualTo(0.185), "what was seen");
    }

    [Test]
    public void Power_NeedsAnEffectToLookFor()
    {
        var b = Analyse(Running with { Decision = new DecisionRule { MinEffect = 0.2 } }, Counts(8_158, 408, 8_158, 420)).Metrics[0].Variants[1];
        Assert.That(b.Power, Is.EqualTo(0.8).Within(0.001), "as many as are planned for 5 % and a fifth");
        Assert.That(b.DaysLeft, Is.LessThan(0.02));
        Assert.That(Analyse(Running, Counts(1_000, 50, 1_000, 50)).Metrics[0].Variants[1].Missing["power"], Is.EqualTo("no_min_effect"));
    }

    /// <summary>The figure is numpy's and scipy's: means averaged by the phases' shares, their variances, chi2.sf of the sum of squares about the weighted mean.</summary>
    [Test]
    public void Overall_OfSeveralArmsOverPhases_IsWaldsOnStratifiedMeans()
    {
        long[][][] values = [[[1, 3], [2, 4], [1, 4]], [[5, 7], [5, 9], [6, 8]]];
        var cells = values.SelectMany((arms, phase) => arms.Select((pair, variant) =>
        {
            var half = phase == 0 ? 50 : 100;
            var cell = new Cell(1) { Units = 2 * half };
            foreach (var value in pair)
            {
                for (var i = 0; i < half; i++) cell.Moments[0] += ExactCrossMoments.Of(value * Scaled.One, 0);
            }

            return (new CellKey("s", "e", 1, phase, 100, variant), cell);
        })).ToList();
        var experiment = Running with
        {
            Variants = [.. Running.Variants, new Variant("c", "c")],
            Metrics = [new Metric { Key = "m", Kind = MetricKind.Sum, Event = "x", WindowHours = 24 }],
            Phases = [Running.Phases[0] with { Weights = [1.0 / 3, 1.0 / 3, 1.0 / 3] }, new Phase { Index = 1, Weights = [0.2, 0.4, 0.4], Seed = "e", Periods = [] }],
        };
        var result = Analyse(experiment, Numbers(cells)).Metrics[0];
        Assert.That(result.PValue, Is.EqualTo(4.562520961604777e-27).Within(1e-10).Percent);
        Assert.That(result.Missing, Is.Empty);
        var ratio = Analyse(experiment with { Metrics = [experiment.Metrics[0] with { Kind = MetricKind.Ratio, Denominator = new MetricTerm("y", "", default, TermValue.One) }] }, Numbers(
            [.. cells.Take(3).Select((c, i) => (c.Item1, WithDenominator(c.Item2, i)))])).Metrics[0];
        Assert.That(ratio.PValue, Is.GreaterThan(0).And.LessThan(1), "ratios of three arms as well");

        static Cell WithDenominator(Cell cell, int variant)
        {
            var both = new Cell(1) { Units = cell.Units };
            for (var i = 0; i < cell.Units; i++) both.Moments[0] += ExactCrossMoments.Of((i % 5 + variant) * Scaled.One, (1 + i % 3) * Scaled.One);
            return both;
        }
    }

    [Test]
    public void MinSample_OfAMetricThatIsCountedFromNowOn_AreTheUnitsThatItCounts()
    {
        var added = Running with { Decision = new DecisionRule { MinSample = 1_000 }, Metrics = [Running.Metrics[0] with { AddedMs = 5, CountsFromMs = 5 }] };
        var few = Numbers([.. Enumerable.Range(0, 2).Select(v => Cell(v, 100, 900, 500)).Select(c => (c.Item1, Larger(c.Item2)))]);
        var results = Analyse(added, few);
        Assert.That(results.Decision.Reasons.Select(r => r.Code), Does.Contain("min_sample"));
        Assert.That(results.Warnings.Select(w => w.Code), Does.Contain("counted_from_now"));
        Assert.That(results.Metrics[0].Added!.Counted, Is.EqualTo("from_now"));

        // Exposed before, so without an outcome.
        static Cell Larger(Cell cell)
        {
            cell.Units += 5_000;
            return cell;
        }
    }

    private static Look? Due(Experiment experiment, Numbers numbers, IReadOnlyList<Look> taken) =>
        Analyst.LookDue(experiment, numbers, taken, DateTimeOffset.FromUnixTimeMilliseconds(Later));

    private static ExperimentResults Analyse(Experiment experiment, Numbers numbers, params IReadOnlyList<Look> looks) =>
        Analyst.Analyse(experiment, numbers, looks, DateTimeOffset.FromUnixTimeMilliseconds(Later));

    private static Numbers Counts(long n0, long c0, long n1, long c1, int day = 100) => Numbers([Cell(0, day, n0, c0), Cell(1, day, n1, c1)]);

    private static Numbers Numbers(IReadOnlyList<(CellKey, Cell)> cells) => new(cells, new Dictionary<ExclusionKey, long>(), true);

    private static (CellKey, Cell) Cell(int variant, int day, long units, long first, long? second = null, int phase = 0)
    {
        long[] converted = second is { } other ? [first, other] : [first];
        var cell = new Cell(converted.Length) { Units = units };
        for (var i = 0; i < converted.Length; i++)
        {
            cell.Moments[i] = new ExactCrossMoments(units, (Int128)converted[i] * Scaled.One, 0, (Int128)converted[i] * Scaled.One * Scaled.One, 0, 0);
        }

        return (new CellKey("s", "e", 1, phase, day, variant), cell);
    }
}

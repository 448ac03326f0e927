using CroPlatform.Experimentation;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics.Aggregates;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Verdicts on known counts.</summary>
public sealed class JudgeTests
{
    private const long DayMs = 86_400_000;
    private const long Start = 100 * DayMs;
    private const long Stop = Start + DayMs;

    private static readonly Experiment Stopped = new()
    {
        Site = "s",
        Key = "e",
        Version = 2,
        EffectiveMs = Stop,
        Status = ExperimentStatus.Completed,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("a", "a"), new Variant("b", "b")],
        Metrics = [new Metric { Key = "m", Kind = MetricKind.Conversion, Event = "x" }],
        Decision = new DecisionRule { Method = DecisionMethod.Fixed, MinSample = 100 },
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "e", Periods = [new Period(Start, Stop)] }],
        StoppedMs = Stop,
    };

    [TestCase(1_000, 50, 1_000, 120, "winner", "b")]
    [TestCase(1_000, 120, 1_000, 50, "loser", "b")]
    [TestCase(1_000, 50, 1_000, 55, "inconclusive", null)]
    [TestCase(1_000, 50, 1_200, 120, "blocked", null)]
    [TestCase(90, 5, 95, 40, "undecided", null)]
    public void Of_AStoppedTest_IsFinal(long n0, long c0, long n1, long c1, string verdict, string? variant)
    {
        var decision = Analyse(Stopped, Counts(n0, c0, n1, c1)).Decision;
        Assert.That((decision.Value, decision.Variant), Is.EqualTo((verdict, variant)));
        Assert.That(decision.Reasons, Is.Not.Empty);
    }

    [Test]
    public void Of_ARunningTest_ShowsNoVerdictBeforeItsHorizon()
    {
        var running = Stopped with { Status = ExperimentStatus.Running, StoppedMs = 0 };
        var decision = Analyse(running, Counts(1_000, 50, 1_000, 150)).Decision;
        Assert.That((decision.Value, decision.Reasons[0].Code), Is.EqualTo(("undecided", "horizon")));
    }

    [Test]
    public void Of_AnEffectBelowTheMinimum_IsNoWinner() =>
        Assert.That(Analyse(Stopped with { Decision = new DecisionRule { Method = DecisionMethod.Fixed, MinEffect = 2 } }, Counts(1_000, 50, 1_000, 120)).Decision.Value, Is.Not.EqualTo("winner"));

    [Test]
    public void Of_ABrokenGuardrail_IsNoWinner()
    {
        var guarded = Stopped with
        {
            Metrics = [Stopped.Metrics[0], new Metric { Key = "errors", Kind = MetricKind.Conversion, Event = "error", Guardrail = true, Decrease = true }],
        };
        var numbers = new Numbers([Cell(0, 1_000, 50, 20), Cell(1, 1_000, 120, 90)], new Dictionary<ExclusionKey, long>(), true);
        var decision = Analyse(guarded, numbers).Decision;
        Assert.That(decision.Value, Is.EqualTo("loser"));
        Assert.That(decision.Reasons.Select(r => r.Code), Does.Contain("guardrail_broken"));
    }

    [Test]
    public void Of_WindowsStillOpen_WaitsForThem()
    {
        var windowed = Stopped with { Metrics = [Stopped.Metrics[0] with { WindowHours = 48 }] };
        var numbers = Counts(1_000, 50, 1_000, 120);
        Assert.That(Analyse(windowed, numbers, Stop + DayMs).Decision.Value, Is.EqualTo("undecided"));
        Assert.That(Analyse(windowed, numbers, Start + 3 * DayMs).Decision.Value, Is.EqualTo("winner"), "exposure day + window has passed");
    }

    [Test]
    public void Of_MoreThanOnePercentCrossovers_IsBlocked()
    {
        var crossed = Counts(1_000, 50, 1_000, 120) with
        {
            Exclusions = new Dictionary<ExclusionKey, long> { [new ExclusionKey("s", "e", ExclusionClass.Crossover, 0)] = 30 },
        };
        Assert.That(Analyse(Stopped, crossed).Decision.Reasons[0].Code, Is.EqualTo("crossover"));
    }

    [TestCase(0, true)]
    [TestCase(6, false)]
    public void SampleRatio_OfABandit_IsOneTestOverItsIntervals(int missingInEach, bool isOk)
    {
        // Forty intervals of 20 units, each with other weights: too few for tests of their own.
        var allocations = Enumerable.Range(1, 39).Select(i => new Allocation("s", "e", i, i % 2 == 0 ? [0.5, 0.5] : [0.05, 0.95], Start + i * DayMs / 40));
        var bandit = AllocatedPhases.Of(Stopped with { Kind = ExperimentKind.Bandit, Sticky = true }, [.. allocations]);
        var numbers = new Numbers(
            [.. bandit.Phases.SelectMany(p => (long[])[p.Weights[0] == 0.5 ? 10 : 1, p.Weights[0] == 0.5 ? 10 - missingInEach : 19 - missingInEach], (p, units) => (p, units))
                .Select((u, i) => (new CellKey("s", "e", 1, u.p.Index, 100, i % 2), new Cell(1) { Units = u.units }))],
            new Dictionary<ExclusionKey, long>(), true);
        var ratio = Analyse(bandit, numbers).SampleRatio;
        Assert.That((bandit.Phases.Length, ratio.Ok), Is.EqualTo((40, isOk)));
        Assert.That(ratio.PValue, isOk ? Is.EqualTo(1).Within(1e-9) : Is.LessThan(0.001));
        Assert.That(Quality.Overall(bandit, numbers).PValue, Is.EqualTo(ratio.PValue));
    }

    [Test]
    public void Analyse_NoUnits_NamesWhatIsMissing()
    {
        var results = Analyse(Stopped, new Numbers([], new Dictionary<ExclusionKey, long>(), true));
        Assert.That(results.SampleRatio.Missing, Does.ContainKey("p_value"));
        Assert.That(results.Metrics[0].Variants[1].Mean, Is.Null);
        Assert.That(results.Metrics[0].Variants[1].Missing.Keys, Is.SupersetOf(new[] { "mean", "lift", "difference", "p_value" }));
    }

    private static ExperimentResults Analyse(Experiment experiment, Numbers numbers, long now = Stop + DayMs) =>
        Analyst.Analyse(experiment, numbers, [], DateTimeOffset.FromUnixTimeMilliseconds(now));

    private static Numbers Counts(long n0, long c0, long n1, long c1) => new([Cell(0, n0, c0), Cell(1, n1, c1)], new Dictionary<ExclusionKey, long>(), true);

    private static (CellKey, Cell) Cell(int variant, long units, params long[] converted)
    {
        var cell = new Cell(converted.Length) { Units = units };
        for (var i = 0; i < converted.Length; i++)
        {
            cell.Moments[i] = new ExactCrossMoments(units, (Int128)converted[i] * Scaled.One, 0, (Int128)converted[i] * Scaled.One * Scaled.One, 0, 0);
        }

        return (new CellKey("s", "e", 1, 0, 100, variant), cell);
    }
}

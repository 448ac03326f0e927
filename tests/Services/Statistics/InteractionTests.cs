using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Decide;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Services.Statistics.Publish;
using CroPlatform.Services.Statistics.Store;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>Interactions between experiments: found where they were planted, rarely elsewhere.</summary>
public sealed class InteractionTests
{
    private const long Day = 86_400_000;
    private const long Start = 20_000 * Day;
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(Start + 30 * Day);

    [Test]
    public void Interactions_WithoutAny_AreFalselyFoundAtMostAtTheStatedRate()
    {
        const int sites = 150;
        var falselyFound = 0;
        for (var seed = 0; seed < sites; seed++) falselyFound += Report(seed, experiments: 5, units: 2_500, planted: null).Interactions.Any(i => i.Found) ? 1 : 0;
        // Where there is none to be found, the false discovery rate is that of finding anything at all.
        var error = Math.Sqrt(Interactions.FalseDiscoveryRate * (1 - Interactions.FalseDiscoveryRate) / sites);
        Assert.That(falselyFound / (double)sites, Is.LessThanOrEqualTo(Interactions.FalseDiscoveryRate + 3 * error), $"{falselyFound} of {sites}");
    }

    [Test]
    public void Interactions_OneThatIsPlanted_IsFoundAndFewOthersAre()
    {
        const int sites = 40;
        var (found, shareOfFalse) = (0, 0.0);
        for (var seed = 0; seed < sites; seed++)
        {
            var report = Report(1_000 + seed, experiments: 5, units: 4_000, planted: ("e1", "e3"));
            var all = report.Interactions.Where(i => i.Found).ToList();
            if (all.Exists(i => (i.First, i.Second, i.Metric) == ("e1", "e3", "bought"))) found++;
            shareOfFalse += all.Count == 0 ? 0 : all.Count(i => (i.First, i.Second) != ("e1", "e3")) / (double)all.Count;
        }

        Assert.That(found, Is.GreaterThanOrEqualTo(38), "a difference of effects of 20 points, with an error of 2.6");
        Assert.That(shareOfFalse / sites, Is.LessThan(0.1));
    }

    [Test]
    public void Warnings_OfWhatWasFound_NameBothExperiments()
    {
        var report = Report(1, experiments: 3, units: 6_000, planted: ("e0", "e2"));
        var warnings = Interactions.Warnings(report).ToList();
        Assert.That(warnings.Select(w => (w.Experiment, w.Warning.Code)), Is.SupersetOf(new[] { ("e0", "interaction"), ("e2", "interaction") }));
        Assert.That(warnings.First(w => w.Experiment == "e0").Warning.Text, Does.Contain("bought").And.Contain("e2"));
        var planted = report.Interactions[0];
        Assert.That((planted.First, planted.Second, planted.Units), Is.EqualTo(("e0", "e2", 6_000L)));
        Assert.That(planted.Effects.Select(e => e.Difference), Is.EqualTo(new[] { 0.0, 0.2 }).Within(0.06), "its effect is there in the other's treatment only");
        Assert.That(report.Dependences.Select(d => d.Found), Has.None.True);
    }

    [Test]
    public void Dependence_OfBeingInAnExperimentOnAnothersVariant_IsFound()
    {
        var random = new Random(3);
        var pairs = new SitePairs([Of("a"), Of("b"), Of("c") with { Prerequisites = [new Prerequisite("a", ["t"])] }]);
        for (var i = 0; i < 4_000; i++)
        {
            var variant = random.Next(2) == 0 ? "c" : "t";
            List<Fact> facts = [Shown(i, "a", variant)];
            if (random.NextDouble() < (variant == "t" ? 0.6 : 0.4)) facts.Add(Shown(i, "b", random.Next(2) == 0 ? "c" : "t"));
            if (variant == "t") facts.Add(Shown(i, "c", random.Next(2) == 0 ? "c" : "t"));
            pairs.Add(new UnitHistory("s", $"u{i}", facts));
        }

        var report = Interactions.Of(pairs, Now);
        Assert.That(report.Dependences.Where(d => d.Found).Select(d => (d.Experiment, d.Other)), Is.EqualTo(new[] { ("b", "a") }), "c was asked to depend on a");
        Assert.That(Interactions.Warnings(report).Select(w => w.Experiment), Is.EquivalentTo(new[] { "a", "b" }));
    }

    [Test]
    public void Units_OfDifferentPhases_AreNotThrownTogether()
    {
        // Conversion and shares change together from phase to phase: thrown together, the cells differ though nothing interacts.
        var phased = Of("a") with
        {
            Phases =
            [
                new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "a", Periods = [new Period(Start, Start + Day)] },
                new Phase { Index = 1, Weights = [0.1, 0.9], Seed = "a", Periods = [new Period(Start + Day, 0)] },
            ],
        };
        var other = Of("b") with { Phases = [.. phased.Phases.Select(p => p with { Seed = "b", Weights = [p.Weights[1], p.Weights[0]] })] };
        var random = new Random(5);
        var pairs = new SitePairs([phased, other]);
        for (var i = 0; i < 20_000; i++)
        {
            var phase = i % 2;
            var (first, second) = (random.NextDouble() < phased.Phases[phase].Weights[0], random.NextDouble() < other.Phases[phase].Weights[0]);
            List<Fact> facts = [Shown(i, "a", first ? "c" : "t", phase * Day), Shown(i, "b", second ? "c" : "t", phase * Day)];
            if (random.NextDouble() < (phase == 0 ? 0.1 : 0.5)) facts.Add(new Fact(FactId.Of($"p{i}"), Start + phase * Day + 5, 1, "buy", random.Next(1, 100) * Scaled.One));
            pairs.Add(new UnitHistory("s", $"u{i}", facts));
        }

        var tests = Interactions.Of(pairs, Now).Interactions;
        Assert.That(tests, Has.Count.EqualTo(2));
        Assert.That(tests.Select(t => t.PValue), Has.All.GreaterThan(0.001));
    }

    [TestCase("2026-03-08T02:59:59Z", "2026-03-07T03:00:00Z", null, false)]
    [TestCase("2026-03-08T03:00:00Z", "2026-03-07T03:00:00Z", null, true)]
    [TestCase("2026-03-08T12:00:00Z", "2026-03-08T03:00:00Z", null, false)]
    [TestCase("2026-03-08T12:00:00Z", "2026-03-08T03:00:00Z", "2026-03-08T11:59:59Z", true)]
    [TestCase("2026-03-08T12:00:00Z", "2026-03-08T11:59:59Z", "2026-03-08T11:00:00Z", false)]
    [TestCase("2026-03-08T12:00:00Z", null, null, true)]
    public void Job_IsDueOnceANightAndWhenAskedFor(string now, string? computed, string? requested, bool isDue) =>
        Assert.That(InteractionJob.IsDue(computed is null ? null : new InteractionRun(Time(computed), Time(requested)), Time(now)!.Value, 3), Is.EqualTo(isDue));

    private static DateTimeOffset? Time(string? text) => text is null ? null : DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Every unit is in every experiment; metrics are correlated, and shared by pairs.</summary>
    private static InteractionReport Report(int seed, int experiments, int units, (string First, string Second)? planted)
    {
        var random = new Random(seed);
        var keys = Enumerable.Range(0, experiments).Select(i => $"e{i}").ToList();
        var pairs = new SitePairs(keys.Select(Of));
        for (var i = 0; i < units; i++)
        {
            var variants = keys.ToDictionary(k => k, _ => random.Next(2));
            var rate = 0.2 + 0.03 * variants["e0"] * (planted is null ? 1 : 0);
            if (planted is var (first, second) && variants[first] == 1 && variants[second] == 1) rate += 0.2;
            List<Fact> facts = [.. keys.Select(k => Shown(i, k, variants[k] == 0 ? "c" : "t"))];
            for (var n = 0; n < 3; n++)
            {
                // What is bought once is often bought again: the metrics of a unit depend on each other.
                if (n == 0 ? random.NextDouble() < rate : facts.Count > keys.Count && random.Next(2) == 0)
                {
                    facts.Add(new Fact(FactId.Of($"{i}-{n}"), Start + 5 + n, Start + 5, "buy", random.Next(1, 100) * Scaled.One));
                }
            }

            pairs.Add(new UnitHistory("s", $"u{i}", facts));
        }

        return Interactions.Of(pairs, Now);
    }

    private static Fact Shown(int unit, string experiment, string variant, long atMs = 0) =>
        new(FactId.Of($"{unit}-{experiment}"), Start + atMs, Start + atMs, "exposure", null, new Exposure(experiment, variant));

    private static Experiment Of(string key) => new()
    {
        Site = "s",
        Key = key,
        Version = 1,
        EffectiveMs = Start,
        Status = ExperimentStatus.Running,
        Assignment = AssignmentMode.External,
        Variants = [new Variant("c", "c"), new Variant("t", "t")],
        Metrics = [new Metric { Key = "bought", Kind = MetricKind.Conversion, Event = "buy" }, new Metric { Key = "revenue", Kind = MetricKind.Sum, Event = "buy" }],
        Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = key, Periods = [new Period(Start, 0)] }],
    };
}

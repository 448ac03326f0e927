using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Statistics;
using CroPlatform.Services.Statistics.Fold;
using Microsoft.Extensions.Logging.Abstractions;
using Exposure = CroPlatform.Contracts.Events.Exposure;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>
/// The same events give the same numbers to the last digit, whatever order they come in: exposures before or after their outcomes, before
/// their experiment is known, doubled, in two variants, around pauses and stops, with checkpoints, evictions and restarts in between.
/// </summary>
public sealed class FoldOrderTests
{
    private const long T0 = 1_700_000_000_000;

    [Test]
    public async Task Fold_AnyOrderOfEventsAndNews_GivesTheSameNumbers([Range(1, 60)] int seed)
    {
        var random = new Random(seed);
        var events = Events(random);
        var canonical = await RunAsync(events, News().ToList(), new Random(0), disturb: false);
        var shuffled = events.Concat(events.Where(_ => random.Next(3) == 0)).ToArray();
        random.Shuffle(shuffled);
        var disturbed = await RunAsync(shuffled, [.. News()], random, disturb: true);

        Assert.That(NonZero(disturbed.Cells), Is.EquivalentTo(NonZero(canonical.Cells)));
        Assert.That(disturbed.Exclusions.Where(e => e.Value != 0), Is.EquivalentTo(canonical.Exclusions.Where(e => e.Value != 0)));
        var (all, once) = (disturbed.Balance["s"], canonical.Balance["s"]);
        Assert.That(all with { Deduplicated = 0 }, Is.EqualTo(once with { Deduplicated = 0 }));
        Assert.That(all.Deduplicated - once.Deduplicated, Is.EqualTo(shuffled.Length - events.Count));
        Assert.That(all.Counted + all.Held + all.Quarantined + all.Deduplicated, Is.EqualTo(shuffled.Length), "every record is exactly one of the four");
        Assert.That(canonical.Cells.Values.Sum(c => c.Units), Is.GreaterThan(0), "the run must have counted something");
        var phases = NonZero(disturbed.Cells).Where(c => c.Key.Experiment == "bandit").Select(c => c.Key.Phase).Distinct();
        Assert.That(phases.Count(), Is.GreaterThan(1), "intervals are phases");
    }

    private static IEnumerable<KeyValuePair<CellKey, (long, string)>> NonZero(Dictionary<CellKey, (long Units, string Sums)> cells) =>
        cells.Where(c => c.Value.Units != 0).Select(c => KeyValuePair.Create(c.Key, (c.Value.Units, c.Value.Sums)));

    /// <summary>What becomes known, in this order: versions of a bandit and its intervals, then those of two other experiments.</summary>
    private static IEnumerable<Func<Catalog, Catalog>> News()
    {
        var versions = Versions().ToList();
        var bandit = versions[0] with { Key = "bandit", Kind = ExperimentKind.Bandit, Sticky = true, Assignment = AssignmentMode.Platform };
        var stopped = Next(bandit, T0 + 80_000, ExperimentStatus.Completed, new Period(T0, T0 + 80_000)) with { StoppedMs = T0 + 80_000 };
        return
        [
            Known(bandit),
            c => c.With(new Allocation("s", "bandit", 1, [0.2, 0.8], T0 + 15_000)),
            c => c.With(new Allocation("s", "bandit", 2, [0.1, 0.9], T0 + 35_000)),
            Known(stopped),
            .. versions.Select(Known),
        ];

        static Func<Catalog, Catalog> Known(Experiment version) => c => c.With(version).WithCurrent("s", version.Key, version.Version);
    }

    /// <summary>An external and a platform experiment: started, paused, resumed, analysed by other metrics, stopped. Each entry is one published version.</summary>
    private static IEnumerable<Experiment> Versions()
    {
        foreach (var (key, mode) in new[] { ("ext", AssignmentMode.External), ("plat", AssignmentMode.Platform) })
        {
            var started = new Experiment
            {
                Site = "s",
                Key = key,
                Version = 1,
                EffectiveMs = T0,
                Status = ExperimentStatus.Running,
                Assignment = mode,
                Variants = [new Variant("a", "a"), new Variant("b", "b")],
                Metrics =
                [
                    new Metric { Key = "c", Kind = MetricKind.Conversion, Event = "purchase" },
                    new Metric { Key = "s", Kind = MetricKind.Sum, Event = "purchase", WindowHours = 0.02 },
                    new Metric { Key = "n", Kind = MetricKind.Count, Event = "click", CapE4 = 2 * Scaled.One },
                    new Metric { Key = "m", Kind = MetricKind.Mean, Event = "purchase" },
                    new Metric
                    {
                        Key = "r", Kind = MetricKind.Ratio, Event = "purchase", Denominator = new MetricTerm("click", "", default, TermValue.One),
                    },
                    new Metric { Key = "q", Kind = MetricKind.Quantile, Event = "purchase", Quantile = 0.9 },
                    new Metric { Key = "d", Kind = MetricKind.Duration, Event = "purchase", StartEvent = "click" },
                    new Metric { Key = "t", Kind = MetricKind.Retention, Event = "click", Day = 1 },
                    new Metric { Key = "f", Kind = MetricKind.Conversion, Event = "purchase", Steps = [new MetricStep("click", default), new MetricStep("purchase", default)] },
                ],
                Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = key, Periods = [new Period(T0, 0)] }],
            };
            yield return started;
            var paused = Next(started, T0 + 40_000, ExperimentStatus.Paused, new Period(T0, T0 + 40_000));
            yield return paused;
            var resumed = Next(paused, T0 + 50_000, ExperimentStatus.Running, new Period(T0, T0 + 40_000), new Period(T0 + 50_000, 0));
            yield return resumed;
            var reanalysed = Next(resumed, T0 + 60_000, ExperimentStatus.Running, [.. resumed.Phases[0].Periods]) with
            {
                AnalysisRevision = 2,
                Metrics = [resumed.Metrics[2], resumed.Metrics[1] with { WindowHours = 0.01 }, resumed.Metrics[0]],
            };
            yield return reanalysed;
            yield return Next(reanalysed, T0 + 90_000, ExperimentStatus.Completed, new Period(T0, T0 + 40_000), new Period(T0 + 50_000, T0 + 90_000))
                with
            { StoppedMs = T0 + 90_000 };
        }
    }

    private static Experiment Next(Experiment before, long at, ExperimentStatus status, params Period[] periods) =>
        before with { Version = before.Version + 1, EffectiveMs = at, Status = status, Phases = [before.Phases[0] with { Periods = [.. periods] }] };

    private static List<Event> Events(Random random)
    {
        var events = new List<Event>();
        for (var i = 0; i < 300; i++)
        {
            var time = T0 + random.Next(-5_000, 110_000);
            var e = new Event
            {
                Site = "s",
                Id = $"id-{i}",
                VisitorId = $"v{random.Next(40)}",
                TimestampMs = time,
                // A few are later than 72 hours and belong in quarantine.
                ReceivedMs = time + (random.Next(40) == 0 ? 80L * 3_600_000 : random.Next(5_000)),
                Schema = 1,
            };
            switch (random.Next(4))
            {
                case 0:
                    e.Type = "exposure";
                    // The third experiment never becomes known: its exposures stay held.
                    var key = random.Next(8) == 0 ? "unknown" : random.Next(3) switch { 0 => "ext", 1 => "bandit", _ => "plat" };
                    // Visitors mostly see one variant.
                    var variant = (e.VisitorId.Length + e.VisitorId[^1] + (random.Next(12) == 0 ? 1 : 0)) % 2 == 0 ? "a" : "b";
                    e.Exposure = new Exposure { Experiment = key, Variant = variant };
                    break;
                case 1: e.Type = "click"; break;
                default:
                    e.Type = "purchase";
                    e.ValueE4 = random.Next(1, 1_000_000);
                    break;
            }

            events.Add(e);
        }

        return events;
    }

    private static async Task<MemoryRows> RunAsync(IReadOnlyList<Event> events, List<Func<Catalog, Catalog>> news, Random random, bool disturb)
    {
        var rows = new MemoryRows();
        var catalog = Catalog.Empty;
        if (!disturb) Publish(news.Count);
        var fold = Open();
        var offset = 0L;
        while (offset < events.Count)
        {
            if (disturb && news.Count > 0 && random.Next(4) == 0) Publish(1);
            var batch = events.Skip((int)offset).Take(disturb ? random.Next(1, 40) : 1_000).Select((e, i) => FoldInput.Record(e, offset + i)).ToList();
            await fold.FoldAsync(batch, CancellationToken.None);
            offset += batch.Count;
            if (!disturb || random.Next(3) == 0) await fold.CheckpointAsync(CancellationToken.None);
            if (disturb && random.Next(6) == 0)
            {
                // Killed: what was not stored is read again.
                offset = rows.Next;
                fold = Open();
            }
        }

        Publish(news.Count);
        await fold.TickAsync(CancellationToken.None);
        await fold.CheckpointAsync(CancellationToken.None);
        return rows;

        void Publish(int count)
        {
            foreach (var known in news.Take(count)) catalog = known(catalog);
            news.RemoveRange(0, count);
        }

        PartitionFold Open() => new(
            rows, rows.Open(catalog), () => catalog, new StatisticsOptions { CachedUnits = disturb ? 10 : 10_000 }, FoldInput.Metrics, NullLogger.Instance, PartitionFold.NothingLinked);
    }
}

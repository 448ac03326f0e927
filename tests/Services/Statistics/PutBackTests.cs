using System.Text;
using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.Services.Statistics;
using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Fold;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>What comes back from quarantine counts once, as if it had counted at first, however often it is put back and whatever is killed meanwhile.</summary>
public sealed class PutBackTests
{
    private const long T0 = 1_700_000_000_000;
    private const int Lenient = 168;

    private static readonly FoldMetrics Metrics = new(
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    [Test]
    public async Task PutBack_AfterTheBoundWasRaised_CountsAsIfItHadNeverBeenLow([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var events = Events(random);
        var expected = await new Run(Lenient).FoldAsync(events);

        var run = new Run(hours: 72);
        await run.FoldAsync(events);
        var lain = run.Rows.Quarantine.Keys.ToList();
        Assert.That(lain, Is.Not.Empty, "the run must have quarantined something");
        run.Restart(Lenient);
        var back = lain.SelectMany(p => Enumerable.Repeat(Again(events[(int)p.Offset], p), random.Next(1, 4))).ToArray();
        random.Shuffle(back);
        await run.FoldAsync(back, disturb: random);

        Assert.That(run.Rows.Quarantine, Is.Empty);
        Assert.That(run.Rows.Cells.Where(c => c.Value.Units != 0), Is.EquivalentTo(expected.Cells.Where(c => c.Value.Units != 0)));
        Assert.That(run.Rows.Balance["s"], Is.EqualTo(expected.Balance["s"]), "putting back accepts nothing new");
    }

    [Test]
    public async Task PutBack_WhileItIsStillTooLate_StaysInQuarantineAndChangesNothing()
    {
        var events = Events(new Random(1));
        var run = new Run(hours: 72);
        await run.FoldAsync(events);
        var (lain, balance) = (run.Rows.Quarantine.Keys.ToList(), run.Rows.Balance["s"]);

        await run.FoldAsync([.. lain.Select(p => Again(events[(int)p.Offset], p))]);

        Assert.That(run.Rows.Quarantine.Keys, Is.EquivalentTo(lain));
        Assert.That(run.Rows.Balance["s"], Is.EqualTo(balance));
    }

    private static Event Again(Event e, QuarantinedAt place) => new(e) { PutBack = place.ToMessage() };

    private static List<Event> Events(Random random) => [.. Enumerable.Range(0, 200).Select(i =>
    {
        var time = T0 + random.Next(100_000);
        // Every fifth is too late for the low bound, and some ids come twice.
        var e = new Event
        {
            Site = "s", Id = $"id-{(i % 10 == 9 ? i - 1 : i)}", VisitorId = $"v{i / 10 % 12}", TimestampMs = time, Schema = 1,
            ReceivedMs = time + (random.Next(5) == 0 ? 80L * 3_600_000 : 1_000), Type = "purchase", ValueE4 = random.Next(1, 1_000_000),
        };
        if (random.Next(3) == 0) (e.Type, e.Exposure) = ("exposure", new Exposure { Experiment = "ext", Variant = i / 10 % 2 == 0 ? "a" : "b" });
        return e;
    })];

    /// <summary>One partition, its rows and its log.</summary>
    private sealed class Run(int hours)
    {
        private static readonly Catalog Known = Catalog.Empty.With(Experiment).WithCurrent("s", "ext", 1);

        private PartitionFold? _fold;
        private int _hours = hours;
        private long _offset;

        private static Experiment Experiment => new()
        {
            Site = "s",
            Key = "ext",
            Version = 1,
            EffectiveMs = T0,
            Status = ExperimentStatus.Running,
            Assignment = AssignmentMode.External,
            Variants = [new Variant("a", "a"), new Variant("b", "b")],
            Metrics = [new Metric { Key = "s", Kind = MetricKind.Sum, Event = "purchase" }],
            Phases = [new Phase { Index = 0, Weights = [0.5, 0.5], Seed = "ext", Periods = [new Period(T0, 0)] }],
        };

        public MemoryRows Rows { get; } = new();

        public void Restart(int hours) => (_hours, _fold) = (hours, null);

        public async Task<MemoryRows> FoldAsync(IReadOnlyList<Event> events, Random? disturb = null)
        {
            var start = _offset;
            while (_offset < start + events.Count)
            {
                _fold ??= new PartitionFold(Rows, Rows.Open(Known), () => Known, new StatisticsOptions { MaxLatenessHours = _hours }, Metrics, NullLogger.Instance);
                var batch = events.Skip((int)(_offset - start)).Take(disturb?.Next(1, 10) ?? 1_000).Select((e, i) => Record(e, _offset + i)).ToList();
                await _fold.FoldAsync(batch, CancellationToken.None);
                _offset += batch.Count;
                if (disturb is null || disturb.Next(3) == 0) await _fold.CheckpointAsync(CancellationToken.None);
                if (disturb?.Next(4) != 0) continue;
                (_offset, _fold) = (Math.Max(start, Rows.Next), null);
            }

            if (_fold is not null) await _fold.CheckpointAsync(CancellationToken.None);
            return Rows;
        }

        private static ConsumeResult<byte[], byte[]> Record(Event e, long offset) => new()
        {
            TopicPartitionOffset = new TopicPartitionOffset(Topics.Events, 0, offset),
            Message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(Topics.UnitKey(e.Site, e.VisitorId)), Value = e.ToByteArray() },
        };
    }
}

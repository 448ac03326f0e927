using CroPlatform.Contracts.Events;
using CroPlatform.Services.Statistics.Check;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>What comes back from quarantine counts once, as if it had counted at first, however often it is put back and whatever is killed meanwhile.</summary>
public sealed class PutBackTests
{
    private const long T0 = PartitionRun.T0;
    private const int Lenient = 168;

    [Test]
    public async Task PutBack_AfterTheBoundWasRaised_CountsAsIfItHadNeverBeenLow([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var events = Events(random);
        var expected = await new PartitionRun(PartitionRun.WithExperiment, Lenient).FoldAsync(events);

        var run = new PartitionRun(PartitionRun.WithExperiment, 72);
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
        var run = new PartitionRun(PartitionRun.WithExperiment, 72);
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
}

using CroPlatform.Contracts.Events;
using CroPlatform.Experimentation.Configuration;

namespace CroPlatform.Services.Tests.Statistics;

/// <summary>
/// Whoever is forgotten leaves nothing behind: the numbers are those of a fold that never took him in, whether word of the erasure came before, between
/// or after his events, and what he does later counts again.
/// </summary>
public sealed class ErasureTests
{
    private const long T0 = PartitionRun.T0;

    [Test]
    public async Task Erase_AtAnyTime_GivesTheNumbersOfAReplay([Range(1, 30)] int seed)
    {
        var random = new Random(seed);
        var events = Events(random);
        var at = T0 + random.Next(40_000, 100_000);
        var erasure = new Erasure("s", "e1", at, [ErasedUnit.Of("s", "visitor", "v1"), ErasedUnit.Of("s", "visitor", "v2"), ErasedUnit.Of("s", "user", "u1")]);
        var known = PartitionRun.WithExperiment.With(erasure);
        var replayed = await new PartitionRun(known, 72).FoldAsync(events);

        var run = new PartitionRun(PartitionRun.WithExperiment, 72);
        var split = random.Next(events.Count);
        await run.FoldAsync([.. events.Take(split)], random);
        run.Catalog = known;
        await run.FoldAsync([.. events.Skip(split)], random);

        Assert.That(run.Rows.Cells.Where(c => c.Value.Units != 0), Is.EquivalentTo(replayed.Cells.Where(c => c.Value.Units != 0)));
        Assert.That(run.Rows.Units, Is.EquivalentTo(replayed.Units), "no row is left of somebody without facts");
        Assert.That(run.Rows.Balance["s"], Is.EqualTo(replayed.Balance["s"]), "what was accepted stays balanced");
        Assert.That(run.Rows.Erased.Select(e => e.Erasure), Is.EqualTo(["e1"]), "carried out once");
        Assert.That(replayed.Cells.Values.Sum(c => c.Units), Is.GreaterThan(0), "the run must have counted something");
    }

    [Test]
    public async Task Erase_OfAVisitor_TakesItOutOfTheResultsAndTellsWhatWent()
    {
        var events = Events(new Random(5));
        var run = new PartitionRun(PartitionRun.WithExperiment, 72);
        await run.FoldAsync(events);
        var before = run.Rows.Cells.Values.Sum(c => c.Units);

        run.Catalog = run.Catalog.With(new Erasure("s", "e1", T0 + 1_000_000, [ErasedUnit.Of("s", "visitor", "v1")]));
        await run.FoldAsync([]);

        Assert.That(run.Rows.Cells.Values.Sum(c => c.Units), Is.EqualTo(before - 1));
        Assert.That(run.Rows.Units, Does.Not.Contain(("s", "v1")));
        var told = run.Rows.Erased.Single();
        Assert.That((told.Units, told.Facts, told.Experiments), Is.EqualTo((1, (long)events.Count(e => e.VisitorId == "v1"), new[] { "ext" })));
    }

    private static List<Event> Events(Random random) => [.. Enumerable.Range(0, 300).Select(i =>
    {
        var (time, visitor) = (T0 + random.Next(120_000), random.Next(12));
        var e = new Event
        {
            Site = "s", Id = $"id-{i}", VisitorId = $"v{visitor}", UserId = random.Next(4) == 0 ? $"u{random.Next(3)}" : "", TimestampMs = time,
            ReceivedMs = time + random.Next(-2_000, 5_000), Schema = 1, Type = "purchase", ValueE4 = random.Next(1, 1_000_000),
        };
        if (random.Next(3) == 0) (e.Type, e.Exposure) = ("exposure", new Exposure { Experiment = random.Next(10) == 0 ? "unknown" : "ext", Variant = visitor % 2 == 0 ? "a" : "b" });
        return e;
    })];
}

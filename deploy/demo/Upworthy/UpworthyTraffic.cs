using CroPlatform.Demo.Api;

namespace CroPlatform.Demo.Upworthy;

/// <summary>
/// Replays tests of the archive as live traffic: one visitor an impression, a seeded choice of a package's visitors clicking, packages
/// mixed, and a share of the requests sent twice, as clients do whose first answer got lost.
/// </summary>
internal sealed class UpworthyTraffic(PublicApi api, IReadOnlyList<UpworthyTest> tests, string run, int seed)
{
    private const int BatchSize = 500;
    private const int Senders = 4;
    private const int TwiceInHundred = 5;
    private const int BadInThousand = 1;

    public IReadOnlyList<UpworthyTest> Tests => tests;

    public int Events { get; } = tests.Sum(t => t.Events);

    public string KeyOf(UpworthyTest test) => $"upworthy-{test.Id}-{run}";

    public async Task SetUpAsync(CancellationToken ct)
    {
        await api.EnsureMetricAsync(new { key = "headline_click", name = "Click on the headline", kind = "conversion", @event = "headline_click", direction = "increase" }, ct);
        foreach (var test in tests)
        {
            await api.CreateExperimentAsync(
                new
                {
                    key = KeyOf(test),
                    name = $"Upworthy headlines {test.Id}",
                    hypothesis = "One of the packages makes more visitors click.",
                    unit = "visitor",
                    assignment = "external",
                    variants = test.Packages.Select(p => new { key = p.Key, name = $"Package {p.Number}" }),
                    metrics = new[] { new { key = "headline_click" } },
                    decision = new { method = "fixed", confidence = 0.95, min_sample = 100, min_days = 0 },
                },
                ct);
            await api.TransitAsync(KeyOf(test), "start", ct);
        }
    }

    /// <summary>Test after test, several requests at a time.</summary>
    public async Task StreamAsync(CancellationToken ct)
    {
        var random = new Random(seed);
        foreach (var test in tests)
        {
            var batches = EventsOf(test, random).Chunk(BatchSize).Select(b => (Events: b, Times: random.Next(100) < TwiceInHundred ? 2 : 1)).ToList();
            await Parallel.ForEachAsync(batches, new ParallelOptions { MaxDegreeOfParallelism = Senders, CancellationToken = ct }, async (batch, token) =>
            {
                for (var i = 0; i < batch.Times; i++) await api.SendEventsAsync(batch.Events, token);
            });
        }
    }

    private List<ClientEvent> EventsOf(UpworthyTest test, Random random)
    {
        var visits = new List<(Package Package, int Visitor, bool Clicks)>();
        foreach (var package in test.Packages)
        {
            var clicks = Enumerable.Range(0, package.Impressions).Select(i => i < package.Clicks).ToArray();
            random.Shuffle(clicks);
            visits.AddRange(clicks.Select((c, i) => (package, i, c)));
        }

        var mixed = visits.ToArray();
        random.Shuffle(mixed);
        var events = new List<ClientEvent>(test.Events);
        foreach (var (package, visitor, clicks) in mixed)
        {
            var id = $"{run}-{test.Id}-{package.Number}-{visitor}";
            var now = DateTimeOffset.UtcNow;
            events.Add(new ClientEvent { Id = $"{id}-x", Type = "exposure", VisitorId = id, Timestamp = now, Experiment = KeyOf(test), Variant = package.Key });
            if (clicks) events.Add(new ClientEvent { Id = $"{id}-c", Type = "headline_click", VisitorId = id, Timestamp = now.AddMilliseconds(1) });
            // Real traffic has broken clients: such an event is refused, its neighbours are not.
            if (random.Next(1_000) < BadInThousand) events.Add(new ClientEvent { Id = $"{id}-b", Type = "headline_click", VisitorId = "undefined", Timestamp = now });
        }

        return events;
    }
}

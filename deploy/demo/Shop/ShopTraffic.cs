using CroPlatform.Contracts.Assignment;
using CroPlatform.Demo.Api;
using CroPlatform.Grpc;
using Grpc.Net.Client;

namespace CroPlatform.Demo.Shop;

/// <summary>
/// A shop with a known true effect: it asks for assignments over gRPC, shows the variant, sends the exposure, and some visitors buy. The
/// treatment truly raises the share of buyers from 10 to 12.5 %; what a buyer spends does not change.
/// </summary>
internal sealed class ShopTraffic(PublicApi api, Endpoints endpoints, string run, int seed, int visitors)
{
    public const double ControlRate = 0.100;
    public const double TreatmentRate = 0.125;
    private const int Group = 100;

    private readonly Dictionary<string, Tally> _tally = new() { ["control"] = new Tally(), ["one-page"] = new Tally() };

    public string Key => $"shop-checkout-{run}";

    public int Visitors => visitors;

    /// <summary>What the shop itself has counted, by variant.</summary>
    public IReadOnlyDictionary<string, Tally> Tallies => _tally;

    public async Task SetUpAsync(CancellationToken ct)
    {
        await api.EnsureMetricAsync(new { key = "purchase", name = "Bought something", kind = "conversion", @event = "purchase", direction = "increase" }, ct);
        await api.EnsureMetricAsync(new { key = "revenue", name = "Revenue a visitor", kind = "sum", @event = "purchase", direction = "increase" }, ct);
        await api.CreateExperimentAsync(
            new
            {
                key = Key,
                name = "Shop: checkout on one page",
                hypothesis = "A checkout on one page makes more visitors buy.",
                unit = "visitor",
                variants = new object[]
                {
                    new { key = "control", name = "Three steps", weight = 0.5, control = true, config = new { steps = 3 } },
                    new { key = "one-page", name = "One page", weight = 0.5, config = new { steps = 1 } },
                },
                metrics = new[] { new { key = "purchase" }, new { key = "revenue" } },
                decision = new { method = "fixed", confidence = 0.95, min_sample = 1_000, min_days = 0 },
            },
            ct);
        await api.TransitAsync(Key, "start", ct);
    }

    public async Task StreamAsync(CancellationToken ct)
    {
        using var channel = GrpcChannel.ForAddress(endpoints.AssignmentGrpc);
        var assignments = new AssignmentService.AssignmentServiceClient(channel.WithKey(endpoints.ServerKey));
        var random = new Random(seed);
        foreach (var group in Enumerable.Range(0, visitors).Chunk(Group))
        {
            var replies = await Task.WhenAll(group.Select(i => AssignAsync(assignments, $"{run}-shop-{i}", ct)));
            var events = new List<ClientEvent>(2 * Group);
            foreach (var (visitor, variant) in replies) Visit(visitor, variant, random, events);
            await api.SendEventsAsync(events, ct);
        }
    }

    /// <summary>The experiment may take a moment to reach the assignment service: until then it says so, and nobody is exposed.</summary>
    private async Task<(string Visitor, string Variant)> AssignAsync(AssignmentService.AssignmentServiceClient client, string visitor, CancellationToken ct)
    {
        var request = new AssignRequest { UnitId = visitor, Experiments = { Key } };
        while (true)
        {
            var answer = (await client.AssignAsync(request, cancellationToken: ct)).Assignments[0];
            if (answer.InExperiment) return (visitor, answer.Variant);
            await Task.Delay(100, ct);
        }
    }

    private void Visit(string visitor, string variant, Random random, List<ClientEvent> events)
    {
        var tally = _tally[variant];
        tally.Visitors++;
        var now = DateTimeOffset.UtcNow;
        events.Add(new ClientEvent { Id = $"{visitor}-x", Type = "exposure", VisitorId = visitor, Timestamp = now, Experiment = Key, Variant = variant });
        if (random.NextDouble() >= (variant == "control" ? ControlRate : TreatmentRate)) return;
        // Log-normal baskets around 40, in whole cents.
        var basket = Math.Round((decimal)Math.Exp(3.5 + 0.6 * Normal(random)), 2);
        tally.Buyers++;
        tally.Revenue += basket;
        events.Add(new ClientEvent { Id = $"{visitor}-p", Type = "purchase", VisitorId = visitor, Timestamp = now.AddMilliseconds(1), Value = basket, Currency = "EUR" });
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

internal sealed class Tally
{
    public long Visitors { get; set; }
    public long Buyers { get; set; }
    public decimal Revenue { get; set; }
}

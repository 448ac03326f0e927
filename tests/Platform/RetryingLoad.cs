using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using CroPlatform.Contracts.Assignment;
using Grpc.Core;

namespace CroPlatform.Platform.Tests;

/// <summary>
/// Traffic with a tally of its own: an external experiment, whose events go one to three times through the door, and one of the platform's,
/// whose exposures assignment records. Everything is repeated until it is answered.
/// </summary>
internal sealed class RetryingLoad(TestPlatform platform, int seed)
{
    private const int ExternalVisitors = 12_000;
    private const int PlatformVisitors = 1_500;
    private static readonly string[] Variants = ["a", "b", "c"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _external = TestPlatform.Unique("kill-external");
    private readonly string _platform = TestPlatform.Unique("kill-platform");
    private readonly string _event = TestPlatform.Unique("bought");
    private readonly Dictionary<string, (long Units, long Converted, long Orders, decimal Revenue)> _tally = Variants.ToDictionary(v => v, _ => (0L, 0L, 0L, 0m));
    private readonly ConcurrentDictionary<string, long> _exposed = new();

    public async Task SetUpAsync()
    {
        await platform.CreateMetricAsync($"{_event}-c", "conversion", _event);
        await platform.CreateMetricAsync($"{_event}-n", "count", _event);
        await platform.CreateMetricAsync($"{_event}-s", "sum", _event);
        await platform.StartExperimentAsync(_external, "external", Variants, $"{_event}-c", $"{_event}-n", $"{_event}-s");
        await platform.StartExperimentAsync(_platform, "platform", Variants, $"{_event}-c");
    }

    public async Task ExternalAsync()
    {
        var random = new Random(seed);
        var events = new List<object>();
        for (var i = 0; i < ExternalVisitors; i++)
        {
            var visitor = $"{_external}-{i}";
            var variant = Variants[random.Next(Variants.Length)];
            var now = DateTimeOffset.UtcNow;
            var own = new List<object> { new { id = $"{visitor}-x", type = "exposure", visitor_id = visitor, experiment = _external, variant, timestamp = now } };
            var orders = random.Next(4) == 0 ? random.Next(1, 4) : 0;
            var revenue = 0m;
            for (var order = 0; order < orders; order++)
            {
                var value = random.Next(1, 100_000) / 100m;
                revenue += value;
                own.Add(new { id = $"{visitor}-{order}", type = _event, visitor_id = visitor, value, timestamp = now.AddMilliseconds(order + 1) });
            }

            var tally = _tally[variant];
            _tally[variant] = (tally.Units + 1, tally.Converted + (orders > 0 ? 1 : 0), tally.Orders + orders, tally.Revenue + revenue);
            // Each event one to three times, outcomes before their exposures too.
            foreach (var e in own) events.AddRange(Enumerable.Repeat(e, random.Next(1, 4)));
        }

        var shuffled = events.ToArray();
        random.Shuffle(shuffled);
        foreach (var batch in shuffled.Chunk(200)) await platform.SendEventsAsync(batch);
    }

    public async Task PlatformAsync()
    {
        foreach (var group in Enumerable.Range(0, PlatformVisitors).Chunk(20))
        {
            await Task.WhenAll(group.Select(async i =>
            {
                var variant = await ExposeAsync($"{_platform}-{i}");
                _exposed.AddOrUpdate(variant, 1, (_, n) => n + 1);
            }));
        }
    }

    public async Task AssertCountsAsync()
    {
        var expected = string.Join("; ", Variants.Select(v => $"{v} {_tally[v].Units} {_tally[v].Converted} {_tally[v].Orders} {_tally[v].Revenue:0.00}"));
        var external = await TestPlatform.EventuallyAsync(
            async () => External(await platform.ResultsAsync(_external)), counted => counted == expected, $"'{expected}'");
        Assert.That(external, Is.EqualTo(expected));
        var exposed = string.Join("; ", Variants.Select(v => $"{v} {_exposed.GetValueOrDefault(v)}"));
        var counted = await TestPlatform.EventuallyAsync(
            async () => Platform(await platform.ResultsAsync(_platform)), c => c == exposed, $"'{exposed}'");
        Assert.That(counted, Is.EqualTo(exposed));
    }

    private static string External(JsonNode results) => string.Join("; ", Enumerable.Range(0, Variants.Length).Select(i =>
    {
        var arms = results["metrics"]!.AsArray().Select(m => m!["variants"]![i]!).ToList();
        return $"{arms[0]["key"]} {arms[0]["n"]} {arms[0]["sum"]} {arms[1]["sum"]} {(double)arms[2]["sum"]!:0.00}";
    }));

    private static string Platform(JsonNode results) =>
        string.Join("; ", results["metrics"]![0]!["variants"]!.AsArray().Select(v => $"{v!["key"]} {v["n"]}"));

    private async Task<string> ExposeAsync(string visitor)
    {
        var request = new AssignRequest { UnitId = visitor, Experiments = { _platform }, Expose = true };
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                var answer = (await platform.Assignments.AssignAsync(request, deadline: DateTime.UtcNow.AddSeconds(10))).Assignments[0];
                if (answer.InExperiment) return answer.Variant;
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled)
            {
                // Killed, or just started again and still reading its configuration.
            }

            Assert.That(clock.Elapsed, Is.LessThan(Patience), $"{visitor} was not assigned in time");
            await Task.Delay(100);
        }
    }
}

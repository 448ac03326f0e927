using Confluent.Kafka;
using CroPlatform.Contracts;
using CroPlatform.Contracts.Allocations;
using Google.Protobuf;

namespace CroPlatform.Platform.Tests;

/// <summary>A bandit's weights come by cro.allocations.v1; units keep what they were given before.</summary>
public sealed class BanditTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Allocation_NewWeights_HoldForNewUnitsOnly()
    {
        var key = TestPlatform.Unique("bandit");
        await Platform.CreateMetricAsync(key, "conversion", "purchase");
        await Platform.PublishAsync(key, key, new { kind = "bandit", variants = new[] { new { key = "a" }, new { key = "b" } } });
        await TestPlatform.EventuallyAsync(() => Platform.AssignAsync("anybody", null, key), a => (bool)a[0]!["in_experiment"]!, "the service knows it");
        var before = new List<string?>();
        for (var i = 0; i < 20; i++) before.Add((string?)(await Platform.AssignAsync($"{key}-{i}", null, key))[0]!["variant"]);

        await AllocateAsync(key, 0.6, 0.6);
        await AllocateAsync(key, 0, 1);
        var fresh = await TestPlatform.EventuallyAsync(
            () => Platform.AssignAsync(TestPlatform.Unique(key), null, key), a => (double?)a[0]!["propensity"] == 1, "the new weights arrive");
        Assert.That((string?)fresh[0]!["variant"], Is.EqualTo("b"));
        for (var i = 0; i < 20; i++)
        {
            var answer = (await Platform.AssignAsync($"{key}-{i}", null, key))[0]!;
            Assert.That(((string?)answer["variant"], (double?)answer["propensity"]), Is.EqualTo((before[i], 0.5)), "as it was given, with its own propensity");
        }
    }

    [Test]
    public async Task Results_OfABandit_AreByInterval()
    {
        var key = TestPlatform.Unique("intervals");
        await Platform.CreateMetricAsync(key, "conversion", key, new { window_hours = 1 });
        await Platform.PublishAsync(key, key, new { kind = "bandit", variants = new[] { new { key = "a" }, new { key = "b" } } });
        await ShowAsync("first", 200, 100, 0.5);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 200, "the first interval is counted");
        await AllocateAsync(key, 0.1, 0.9);
        await ShowAsync("second", 400, 40, 0.3);
        var results = await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key), r => (long)r["exposures"]! == 600 && (bool)r["sample_ratio"]!["ok"]!, "both are counted, each against its own weights");
        Assert.That((double)results["sample_ratio"]!["p_value"]!, Is.EqualTo(1).Within(1e-6));
        var quality = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments/{key}/results/quality");
        Assert.That(quality["sample_ratio"]!.AsArray().Select(p => p!["units"]!.ToJsonString()), Is.EqualTo(new[] { "[100,100]", "[40,360]" }));
        Assert.That(quality["sample_ratio"]![1]!["shares"]!.AsArray().Select(s => (double)s!), Is.EqualTo(new[] { 0.1, 0.9 }).Within(1e-3));
        // All convert in b and, of a, half in the first interval and 30 % in the second: pooled, its rate would be 44 %.
        var difference = (double)results["metrics"]![0]!["variants"]![1]!["difference"]!;
        Assert.That(difference, Is.EqualTo(0.5 / 3 + 0.7 * 2 / 3).Within(1e-9), "weighted by the intervals' units");
        await Platform.CroAsync("replay", key);

        async Task ShowAsync(string prefix, int units, int control, double rate)
        {
            var now = DateTimeOffset.UtcNow;
            await Platform.SendEventsAsync([.. Enumerable.Range(0, units).SelectMany(i => Visit(i))]);

            IEnumerable<object> Visit(int i)
            {
                yield return new { id = $"{key}-{prefix}-{i}", type = "exposure", visitor_id = $"{key}-{prefix}-{i}", experiment = key, variant = i < control ? "a" : "b", timestamp = now };
                if (i >= control || i < control * rate) yield return new { id = $"{key}-{prefix}-{i}-c", type = key, visitor_id = $"{key}-{prefix}-{i}", timestamp = now };
            }
        }
    }

    private static async Task AllocateAsync(string experiment, params double[] weights)
    {
        using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = Platform.Kafka }).Build();
        var allocation = new Allocation
        {
            Site = "default",
            Experiment = experiment,
            Phase = 1,
            Weights = { weights },
            EffectiveMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
        };
        await producer.ProduceAsync(Topics.Allocations, new Message<string, byte[]> { Key = $"default|{experiment}", Value = allocation.ToByteArray() });
    }
}

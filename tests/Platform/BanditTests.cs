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

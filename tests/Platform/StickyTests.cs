using System.Text.Json.Nodes;
using StackExchange.Redis;

namespace CroPlatform.Platform.Tests;

/// <summary>Whoever got a variant of a sticky experiment keeps it, whatever becomes of weights, coverage, Redis or the device.</summary>
public sealed class StickyTests
{
    private const int Units = 40;
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private string _metric = "";

    [OneTimeSetUp]
    public Task PublishAsync() => Platform.CreateMetricAsync(_metric = TestPlatform.Unique("sticky"), "conversion", "purchase");

    [Test]
    public async Task Variants_WeightsAndCoverageChangeAndRedisIsLost_StayWithTheirUnits()
    {
        var key = await StartAsync();
        var before = await VariantsAsync(key);
        Assert.That(before.Distinct().Count(), Is.EqualTo(2));

        await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/experiments/{key}", new { coverage = 0.1, weights = new { a = 0.9, b = 0.1 } });
        await TestPlatform.EventuallyAsync(
            async () => (await AskAsync(key, "somebody else", null))["version"]!.GetValue<int>(), version => version == 2, "the change arrives");

        Assert.That(await VariantsAsync(key), Is.EqualTo(before), "they were kept");
        await FlushRedisAsync();
        Assert.That(await VariantsAsync(key), Is.EqualTo(before), "Redis is a cache only");
        Assert.That((string?)(await AskAsync(key, $"{key}-0", null))["reason"], Is.EqualTo("sticky"));
        var fresh = 0;
        for (var i = 0; i < 100; i++) fresh += (bool)(await AskAsync(key, $"{key}-new-{i}", null))["in_experiment"]! ? 1 : 0;
        Assert.That(fresh, Is.InRange(1, 30), "a tenth of the new ones takes part, within seven standard deviations");
    }

    [Test]
    public async Task Variant_UserSignsInElsewhere_ComesAlong()
    {
        var key = await StartAsync();
        var user = new { user_id = $"{key}-user" };
        var phone = await AskAsync(key, $"{key}-phone", user);
        var variants = new List<string?>();
        for (var i = 0; i < 12; i++) variants.Add((string?)(await AskAsync(key, $"{key}-device-{i}", user))["variant"]);

        Assert.That(variants, Is.All.EqualTo((string?)phone["variant"]), "twelve devices that were hashed for themselves would differ");
        var signedOut = await AskAsync(key, $"{key}-device-3", null);
        Assert.That(((string?)signedOut["variant"], (string?)signedOut["reason"]), Is.EqualTo(((string?)phone["variant"], "sticky")), "and stays after signing out");
    }

    [Test]
    public async Task Variant_PostgresAwayAndNothingCached_GivesTheControl()
    {
        var key = await StartAsync();
        await FlushRedisAsync();
        await Platform.CroAsync("kill", "postgres");
        try
        {
            var answer = await AskAsync(key, $"{key}-late", null);
            Assert.That(((bool)answer["in_experiment"]!, (string?)answer["variant"], (string?)answer["reason"]), Is.EqualTo((false, "a", "stale")));
        }
        finally
        {
            await Platform.CroAsync("up");
        }

        await TestPlatform.EventuallyAsync(() => AskAsync(key, $"{key}-late", null), a => (bool)a["in_experiment"]!, "it is back");
    }

    private async Task<string> StartAsync()
    {
        var key = TestPlatform.Unique("sticky");
        await Platform.PublishAsync(key, _metric, new { sticky = true, variants = new[] { new { key = "a" }, new { key = "b" } } });
        await TestPlatform.EventuallyAsync(() => AskAsync(key, "anybody", null), a => (bool)a["in_experiment"]!, "the service knows it");
        return key;
    }

    private static async Task<string[]> VariantsAsync(string key)
    {
        var variants = new string[Units];
        for (var i = 0; i < Units; i++) variants[i] = (string)(await AskAsync(key, $"{key}-{i}", null))["variant"]!;
        return variants;
    }

    private static async Task<JsonNode> AskAsync(string key, string unit, object? attributes) => (await Platform.AssignAsync(unit, attributes, key))[0]!;

    private static async Task FlushRedisAsync()
    {
        var options = ConfigurationOptions.Parse(Platform.Text("redis"));
        (options.AllowAdmin, options.Password) = (true, Platform.Text("redis_password"));
        using var redis = await ConnectionMultiplexer.ConnectAsync(options);
        await redis.GetServer(Platform.Text("redis")).FlushAllDatabasesAsync();
    }
}

namespace CroPlatform.Platform.Tests;

/// <summary>Experiments by user, account or device count each unit once, over all of its visitors.</summary>
public sealed class UnitsTests
{
    private const int Users = 120;
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Users_OnTwoDevicesEach_AreCountedOnceWithAllTheirPurchases([Values("user", "account")] string unit)
    {
        var key = TestPlatform.Unique($"by-{unit}");
        await Platform.CreateMetricAsync(key, "sum", key);
        await Platform.PublishAsync(key, key, new { unit, variants = new[] { new { key = "a" }, new { key = "b" } } });
        await TestPlatform.EventuallyAsync(
            () => AssignAsync(key, unit, 0), variant => variant is not null, "the experiment reaches assignment");
        var expected = new Dictionary<string, (long Units, double Sum)> { ["a"] = default, ["b"] = default };
        var events = new List<object>();
        for (var i = 0; i < Users; i++)
        {
            var variant = (await AssignAsync(key, unit, i))!;
            // The phone shows the variant, both devices buy, the purchase on the laptop is sent twice.
            events.Add(Event(key, unit, i, "phone", "exposure", 0, variant));
            events.Add(Event(key, unit, i, "phone", key, 1));
            events.Add(Event(key, unit, i, "laptop", key, 10));
            events.Add(Event(key, unit, i, "laptop", key, 10));
            expected[variant] = (expected[variant].Units + 1, expected[variant].Sum + 11);
        }

        foreach (var chunk in events.Chunk(150))
        {
            await Platform.SendEventsAsync(chunk);
            if (chunk[0] == events[150]) await Platform.CroAsync("kill", "statistics");
        }

        await Platform.CroAsync("up");
        var results = await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key),
            r => (long)r["exposures"]! == Users && r["metrics"]![0]!["variants"]!.AsArray().Sum(v => (double?)v!["sum"] ?? 0) == Users * 11,
            "every user and every purchase is counted");
        foreach (var arm in results["metrics"]![0]!["variants"]!.AsArray())
        {
            Assert.That(((long)arm!["n"]!, (double)arm["sum"]!), Is.EqualTo(expected[(string)arm["key"]!]));
        }

        Assert.That(((long)results["crossover_units"]!, (long)results["mismatched_units"]!), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Users_EventsInTheLogBeforeTheExperimentIsKnown_AreCounted()
    {
        var key = TestPlatform.Unique("early");
        await Platform.CreateMetricAsync(key, "sum", key);
        // Already read and left unrouted when the experiment starts; by their own clock they happen a little later than that.
        var soon = DateTimeOffset.UtcNow.AddSeconds(60);
        await Platform.SendEventsAsync(
        [
            new { id = $"{key}-x", type = "exposure", visitor_id = $"{key}-v", user_id = $"{key}-u", experiment = key, variant = "b", timestamp = soon },
            new { id = $"{key}-p", type = key, visitor_id = $"{key}-w", user_id = $"{key}-u", value = 7, timestamp = soon.AddSeconds(1) },
        ]);
        await Platform.PublishAsync(key, key, new { unit = "user", assignment = "external", variants = new[] { new { key = "a" }, new { key = "b" } } });

        var results = await TestPlatform.EventuallyAsync(
            () => Platform.ResultsAsync(key), r => (double?)r["metrics"]![0]!["variants"]![1]!["sum"] == 7, "what came early is routed after all");
        Assert.That((long)results["exposures"]!, Is.EqualTo(1));
    }

    [Test]
    public async Task Users_ForgedExposure_IsMismatchedAndLeftOut()
    {
        var key = TestPlatform.Unique("forged");
        await Platform.CreateMetricAsync(key, "conversion", key);
        await Platform.PublishAsync(key, key, new { unit = "user", variants = new[] { new { key = "a" }, new { key = "b" } } });
        var right = await TestPlatform.EventuallyAsync(() => AssignAsync(key, "user", 0), v => v is not null, "the experiment reaches assignment");

        await Platform.SendEventsAsync([Event(key, "user", 0, "phone", "exposure", 0, right == "a" ? "b" : "a")]);

        var results = await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (long)r["mismatched_units"]! == 1, "the mismatch is counted");
        Assert.That((long)results["exposures"]!, Is.Zero);
    }

    [Test]
    public async Task Balance_EventsOfUsers_AreToldOnce()
    {
        var key = TestPlatform.Unique("told");
        await Platform.CreateMetricAsync(key, "sum", key);
        await Platform.PublishAsync(key, key, new { unit = "user", assignment = "external", variants = new[] { new { key = "a" }, new { key = "b" } } });
        var before = await SettledAsync();
        await Platform.SendEventsAsync(
        [
            Event(key, "user", 1, "phone", "exposure", 0, "a"),
            Event(key, "user", 1, "phone", key, 1),
            Event(key, "user", 1, "phone", key, 1),
        ]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => (double?)r["metrics"]![0]!["variants"]![0]!["sum"] == 1, "it is counted");
        await TestPlatform.EventuallyAsync(SettledAsync, after => after == before + 3, "two counted and one copy: three in all");

        static async Task<long> SettledAsync()
        {
            var balance = await Platform.AdminAsync(HttpMethod.Get, "/api/v1/statistics/balance");
            return (long)balance["counted"]! + (long)balance["held"]! + (long)balance["quarantined"]! + (long)balance["deduplicated"]!;
        }
    }

    private static async Task<string?> AssignAsync(string key, string unit, int i)
    {
        var answer = (await Platform.AssignAsync($"{key}-{i}-phone", new Dictionary<string, string> { [$"{unit}_id"] = $"{key}-{i}" }, key))[0]!;
        return (bool)answer["in_experiment"]! ? (string?)answer["variant"] : null;
    }

    private static Dictionary<string, object> Event(string key, string unit, int i, string device, string type, double value, string? variant = null)
    {
        var sent = new Dictionary<string, object>
        {
            ["id"] = $"{key}-{i}-{device}-{type}",
            ["type"] = type,
            ["visitor_id"] = $"{key}-{i}-{device}",
            [$"{unit}_id"] = $"{key}-{i}",
        };
        if (variant is not null) (sent["experiment"], sent["variant"]) = (key, variant);
        else sent["value"] = value;
        return sent;
    }
}

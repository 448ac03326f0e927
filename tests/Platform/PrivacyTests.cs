using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>A person gets a copy of what is kept, and is forgotten everywhere, with results restated, replay included.</summary>
public sealed class PrivacyTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Erase_APersonWithTwoIds_LeavesNothingAndRestatesResults()
    {
        var key = TestPlatform.Unique("forgotten");
        await Platform.CreateMetricAsync(key, "sum", key);
        await Platform.StartExperimentAsync(key, "external", ["a", "b"], key);
        var sticky = $"{key}-sticky";
        await Platform.PublishAsync(sticky, key, new
        {
            unit = "visitor",
            variants = new[] { new { key = "a", weight = 0.5 }, new { key = "b", weight = 0.5 } },
            sticky = true,
            decision = new { method = "fixed", min_sample = 10 },
        });
        var (visitor, user) = ($"{key}-v", $"{key}-u");
        await TestPlatform.EventuallyAsync(
            () => Platform.AssignAsync(visitor, null, sticky), a => (bool)a[0]!["in_experiment"]!, "the sticky experiment is known to assignment");

        // Somebody else, and the same user on another device, whose other events are not theirs.
        await Platform.SendEventsAsync(
        [
            .. Seen(key, visitor, 10, user), .. Seen(key, $"{key}-other", 20, null),
            .. Seen(key, $"{key}-device", 30, null), new { id = $"{key}-late", type = key, visitor_id = $"{key}-device", user_id = user, value = 5 },
        ]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => Sum(r) == 65, "all of it is counted");
        var person = new { visitor_id = visitor, user_id = user };
        var copy = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/exports", person);
        Assert.That(Sources(copy), Is.EquivalentTo(["assignments", "facts", "log", "log", "log"]), copy.ToJsonString());

        var asked = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/erasures", person);
        var receipt = await TestPlatform.EventuallyAsync(
            () => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/erasures/{asked["id"]}"), r => (string)r["status"]! == "done", "it is carried out everywhere");

        Assert.That((long)receipt["erased"]!["facts"]!, Is.EqualTo(3), receipt.ToJsonString());
        Assert.That((long)receipt["erased"]!["assignments"]!, Is.EqualTo(1), receipt.ToJsonString());
        Assert.That(receipt["restated_experiments"]!.AsArray().Select(e => (string)e!), Is.EqualTo([key]));
        Assert.That(receipt.ToJsonString(), Does.Not.Contain(visitor).And.Not.Contain(user), "the receipt names nobody");
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => Sum(r) == 50 && (long)r["exposures"]! == 2, "results are restated");
        Assert.That(Sources(await Platform.AdminAsync(HttpMethod.Post, "/api/v1/exports", person)), Is.Empty);
        await Platform.CroAsync("replay", key);

        // A copy that comes late is about the past; what the person does now is new.
        await Platform.SendEventsAsync([new { id = $"{key}-again", type = key, visitor_id = $"{key}-other", value = 7 }, .. Seen(key, visitor, 100, null)]);
        await TestPlatform.EventuallyAsync(() => Platform.ResultsAsync(key), r => Sum(r) == 157 && (long)r["exposures"]! == 3, "life goes on");
        await Platform.CroAsync("replay", key);
    }

    [Test]
    public async Task Erase_WithoutAnId_IsRefused()
    {
        using var answer = await Platform.SendAsync(HttpMethod.Post, "/api/v1/erasures", Platform.AdminKey, JsonContent.Create(new { }));

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["field"]!, Is.EqualTo("visitor_id"));
    }

    private static IEnumerable<object> Seen(string key, string visitor, int value, string? user)
    {
        var id = Guid.NewGuid().ToString("N");
        yield return new { id = $"x{id}", type = "exposure", visitor_id = visitor, user_id = user, experiment = key, variant = "a" };
        yield return new { id = $"p{id}", type = key, visitor_id = visitor, user_id = user, value };
    }

    private static decimal Sum(JsonNode results) => (decimal?)results["metrics"]![0]!["variants"]![0]!["sum"] ?? 0;

    private static IEnumerable<string> Sources(JsonNode copy) => copy["items"]!.AsArray().Select(i => (string)i!["source"]!);
}

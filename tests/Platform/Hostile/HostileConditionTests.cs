using System.Net;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.Hostile;

/// <summary>Conditions that would cost an evaluator its time or its stack.</summary>
public sealed class HostileConditionTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [TestCase("^(a+)+$")]
    [TestCase("^(a+)+(?!b)$")]
    public async Task Regex_ThatTakesExponentialTimeElsewhere_IsAnswered(string pattern)
    {
        var key = await PublishAsync($$$"""{"tag": {"$regex": "{{{pattern}}}"} }""");
        var attributes = new { tag = new string('a', 5_000) + "!" };
        var answer = await TestPlatform.EventuallyAsync(
            () => Platform.AssignAsync("u", attributes, key), a => (string)a[0]!["reason"]! != "unknown_experiment", "assignment knows the experiment");
        Assert.That((string)answer[0]!["reason"]!, Is.EqualTo("targeting"));
    }

    [Test]
    public async Task Condition_OfAThousandRules_IsTakenOrRefusedAndAnswered()
    {
        var rules = string.Join(',', Enumerable.Range(0, 1_000).Select(i => $$$"""{"a{{{i}}}": {"$gt": {{{i}}} } }"""));
        using var response = await CreateAsync($$"""{"$or": [{{rules}}]}""");
        Assert.That((int)response.StatusCode, Is.InRange(200, 499), await response.Content.ReadAsStringAsync());
    }

    [Test]
    public async Task Condition_NestedThousandsDeep_IsRefused()
    {
        var depth = 5_000;
        using var response = await CreateAsync(string.Concat(Enumerable.Repeat("""{"$not":""", depth)) + "{}" + new string('}', depth));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    private static async Task<string> PublishAsync(string targeting)
    {
        var metric = TestPlatform.Unique("hostile");
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        var key = TestPlatform.Unique("hostile");
        await Platform.PublishAsync(key, metric, new { variants = new[] { new { key = "a" }, new { key = "b" } }, targeting = JsonNode.Parse(targeting) });
        return key;
    }

    private static async Task<HttpResponseMessage> CreateAsync(string targeting)
    {
        var metric = TestPlatform.Unique("hostile");
        await Platform.CreateMetricAsync(metric, "conversion", metric);
        return await Platform.SendAsync(HttpMethod.Post, "/api/v1/experiments", Platform.AdminKey, new StringContent(
            $$$"""{"key": "{{{TestPlatform.Unique("hostile")}}}", "variants": [{"key": "a"}, {"key": "b"}], "metrics": [{"key": "{{{metric}}}"}], "targeting": {{{targeting}}} }""",
            System.Text.Encoding.UTF8, "application/json"));
    }
}

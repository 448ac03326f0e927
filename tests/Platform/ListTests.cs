using System.Net;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests;

/// <summary>Metrics and experiments as lists: versions, pages, filters, order; and experiments made from templates.</summary>
public sealed class ListTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [Test]
    public async Task Metric_Replaced_KeepsItsVersions_AndARunningExperimentItsOwn()
    {
        var (metric, experiment) = (TestPlatform.Unique("versioned"), TestPlatform.Unique("pinned"));
        await Platform.CreateMetricAsync(metric, "conversion", "purchase");
        await Platform.StartExperimentAsync(experiment, "external", ["a", "b"], metric);
        var replaced = await Platform.AdminAsync(HttpMethod.Put, $"/api/v1/metrics/{metric}", new { kind = "count", @event = "click", direction = "decrease" });
        Assert.That(replaced["version"]!.GetValue<int>(), Is.EqualTo(2));
        var versions = (await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/metrics/{metric}/versions"))["versions"]!.AsArray();
        Assert.That(versions.Select(v => (v!["version"]!.GetValue<int>(), v["event"]!.GetValue<string>())), Is.EqualTo(new[] { (2, "click"), (1, "purchase") }));
        Assert.That((await Platform.ResultsAsync(experiment))["metrics"]![0]!["kind"]!.GetValue<string>(), Is.EqualTo("conversion"));
    }

    [TestCase("metrics", """{"key": "KEY", "kind": "conversion", "event": "purchase", "direction": "increase"}""")]
    [TestCase("saved-groups", """{"key": "KEY", "attribute": "id", "values": ["1"]}""")]
    [TestCase("templates", """{"key": "KEY", "experiment": {}}""")]
    public async Task Command_SentAgainUnderItsIdempotencyKey_GetsTheSameAnswer(string path, string json)
    {
        var key = TestPlatform.Unique("retried");
        var body = json.Replace("KEY", key, StringComparison.Ordinal);
        var (first, again) = (await SendAsync(body), await SendAsync(body));
        Assert.That(first, Is.EqualTo((HttpStatusCode.Created, false, first.Body)), first.Body);
        Assert.That(again, Is.EqualTo((HttpStatusCode.Created, true, first.Body)), again.Body);
        var other = await SendAsync(json.Replace("KEY", key + "-other", StringComparison.Ordinal));
        Assert.That(other.Status, Is.EqualTo(HttpStatusCode.UnprocessableEntity), other.Body);

        async Task<(HttpStatusCode Status, bool IsReplayed, string Body)> SendAsync(string sent)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + path) { Content = new StringContent(sent) };
            request.Headers.Authorization = new("Bearer", Platform.AdminKey);
            request.Headers.Add("Idempotency-Key", key);
            using var response = await Platform.Http.SendAsync(request);
            return (response.StatusCode, response.Headers.Contains("Idempotent-Replayed"), await response.Content.ReadAsStringAsync());
        }
    }

    [Test]
    public async Task Lists_PageFilterAndSort()
    {
        var tag = TestPlatform.Unique("tag");
        var metric = TestPlatform.Unique("listed");
        await Platform.CreateMetricAsync(metric, "conversion", "purchase", new { tags = new[] { tag } });
        string[] keys = [.. Enumerable.Range(0, 5).Select(i => $"{tag}-{i}")];
        foreach (var key in keys)
        {
            await Platform.AdminAsync(HttpMethod.Post, "/api/v1/experiments", new
            {
                key,
                tags = new[] { tag },
                variants = new[] { new { key = "a" }, new { key = "b" } },
                metrics = new[] { new { key = metric } },
            });
        }

        await Platform.TransitAsync(keys[3], "start");
        var first = await ListAsync($"tag={tag}&sort=-key&limit=2");
        Assert.That(Keys(first), Is.EqualTo(new[] { keys[4], keys[3] }));
        Assert.That((first["total"]!.GetValue<int>(), first["next_offset"]!.GetValue<int>()), Is.EqualTo((5, 2)));
        var last = await ListAsync($"tag={tag}&sort=-key&limit=2&offset=4");
        Assert.That(Keys(last), Is.EqualTo(new[] { keys[0] }));
        Assert.That(last["next_offset"], Is.Null);
        Assert.That(Keys(await ListAsync($"tag={tag}&status=running")), Is.EqualTo(new[] { keys[3] }));
        Assert.That(Keys(await ListAsync($"search={keys[2].ToUpperInvariant()}")), Is.EqualTo(new[] { keys[2] }));
        Assert.That(Keys(await ListAsync($"metric={metric}&kind=aa")), Is.Empty);
        var metrics = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/metrics?tag={tag}");
        Assert.That(metrics["metrics"]!.AsArray().Single()!["key"]!.GetValue<string>(), Is.EqualTo(metric));
    }

    [TestCase("limit=0", "limit")]
    [TestCase("limit=1001", "limit")]
    [TestCase("offset=-1", "offset")]
    [TestCase("sort=definition", "sort")]
    [TestCase("colour=red", "colour")]
    [TestCase("search=a%00b", "search")]
    [TestCase("status=a&status=b", "status")]
    public async Task List_AskedWrongly_NamesTheField(string query, string field)
    {
        using var response = await Platform.SendAsync(HttpMethod.Get, $"/api/v1/experiments?{query}", Platform.AdminKey);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(JsonNode.Parse(await response.Content.ReadAsStringAsync())!["field"]!.GetValue<string>(), Is.EqualTo(field));
    }

    [Test]
    public async Task Template_InOneCall_MakesAnExperimentThatStarts()
    {
        var key = TestPlatform.Unique("from-template");
        var made = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/templates/hero/experiments", new { key, coverage = 0.5 });
        Assert.That((made["status"]!.GetValue<string>(), made["coverage"]!.GetValue<double>()), Is.EqualTo(("draft", 0.5)));
        Assert.That((await Platform.TransitAsync(key, "start"))["status"]!.GetValue<string>(), Is.EqualTo("running"));
    }

    [Test]
    public async Task OwnTemplate_IsKeptChangedAndDeleted()
    {
        var (template, key) = (TestPlatform.Unique("own"), TestPlatform.Unique("from-own"));
        var definition = new
        {
            key = template,
            fields = new[] { new { name = "text", type = "text", required = true } },
            experiment = new { variants = new object[] { new { key = "a" }, new { key = "b", config = new { text = "x" } } }, metrics = new[] { new { key = "conversion" } } },
        };
        await Platform.AdminAsync(HttpMethod.Post, "/api/v1/templates", definition);
        await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/templates/{template}/experiments", new { key });
        using var misfit = await Platform.SendAsync(
            HttpMethod.Post, $"/api/v1/templates/{template}/experiments", Platform.AdminKey,
            new StringContent("""{"key": "never", "variants": [{"key": "a"}, {"key": "b", "config": {"txt": "x"}}]}"""));
        Assert.That(misfit.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        using var deleted = await Platform.SendAsync(HttpMethod.Delete, $"/api/v1/templates/{template}", Platform.AdminKey);
        Assert.That(deleted.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        using var gone = await Platform.SendAsync(HttpMethod.Get, $"/api/v1/templates/{template}", Platform.AdminKey);
        Assert.That(gone.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static Task<JsonNode> ListAsync(string query) => Platform.AdminAsync(HttpMethod.Get, $"/api/v1/experiments?{query}");

    private static IEnumerable<string> Keys(JsonNode list) => list["experiments"]!.AsArray().Select(e => e!["key"]!.GetValue<string>());
}

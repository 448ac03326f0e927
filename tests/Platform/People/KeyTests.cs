using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.People;

/// <summary>API keys: made, kept to their pages, exchanged, ended, and never told twice.</summary>
public sealed class KeyTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private static IEnumerable<TestCaseData> BadKeys()
    {
        yield return new TestCaseData(new { role = "write" }, "missing", "name");
        yield return new TestCaseData(new { name = "k" }, "missing", "role");
        yield return new TestCaseData(new { name = "k", role = "root" }, "out_of_range", "role");
        yield return new TestCaseData(new { name = "k", role = "write", expires_at = "2020-01-01T00:00:00Z" }, "out_of_range", "expires_at");
        yield return new TestCaseData(new { name = "k", role = "write", origins = new[] { "https://shop.example/" } }, "invalid_origin", "origins[0]");
        yield return new TestCaseData(new { name = "k", role = "write", origins = new[] { "https://a.example", "shop.example" } }, "invalid_origin", "origins[1]");
        yield return new TestCaseData(new { name = 5, role = "write" }, "wrong_type", "name");
    }

    [TestCaseSource(nameof(BadKeys))]
    public async Task Key_BadField_IsNamed(object body, string code, string field)
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, "/api/v1/keys", Platform.AdminKey, JsonContent.Create(body));
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.That((response.StatusCode, (string?)problem["code"], (string?)problem["field"]), Is.EqualTo((HttpStatusCode.BadRequest, code, field)));
    }

    [Test]
    public async Task Key_MadeAndRevoked_OpensAndClosesEveryService()
    {
        var (id, secret) = await CreateAsync(new { name = "short-lived", role = "admin" });
        string[] services = ["experiments", "ingestion", "assignment", "statistics"];
        foreach (var service in services) await Services.KnowAsync(service, secret);

        using var revoked = await Platform.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{id}", Platform.AdminKey);
        Assert.That(revoked.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        foreach (var service in services) await Services.ForgetAsync(service, secret);
        using var again = await Platform.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{id}", Platform.AdminKey);
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task Key_KeptToAnOrigin_IsRefusedToOtherPages()
    {
        var (_, secret) = await CreateAsync(new { name = "shop", role = "write", origins = new[] { "https://shop.example" } });
        await Services.KnowAsync("ingestion", secret);
        await Services.KnowAsync("assignment", secret);
        Assert.That(await SendFromAsync("https://shop.example", "/v1/events", secret), Is.EqualTo((HttpStatusCode.Accepted, "")));
        Assert.That(await SendFromAsync(null, "/v1/events", secret), Is.EqualTo((HttpStatusCode.Accepted, "")), "a server says no origin");
        Assert.That(await SendFromAsync("https://shop.example.evil", "/v1/events", secret), Is.EqualTo((HttpStatusCode.Forbidden, "origin_not_allowed")));
        Assert.That((await SendFromAsync("https://evil.example", $"/api/eval/{secret}", null)).Status, Is.EqualTo(HttpStatusCode.Forbidden), "a key in the path");
        Assert.That((await SendFromAsync("https://shop.example", $"/api/eval/{secret}", null)).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Key_Rotated_OldSecretIsGoodUntilTheOverlapEnds()
    {
        var (id, first) = await CreateAsync(new { name = "rotated", role = "server" });
        var second = (string)(await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/keys/{id}/rotate", new { overlap_seconds = 3 }))["secret"]!;
        foreach (var service in (string[])["assignment", "statistics"])
        {
            await Services.KnowAsync(service, second);
            await Services.ForgetAsync(service, first);
        }

        var third = (string)(await Platform.AdminAsync(HttpMethod.Post, $"/api/v1/keys/{id}/rotate", new { overlap_seconds = 3_600 }))["secret"]!;
        await Services.KnowAsync("statistics", third);
        await Services.KnowAsync("statistics", second);
        var listed = await FindAsync(id);
        Assert.That(((string?)listed["name"], listed["old_secret_until"] is not null), Is.EqualTo(("rotated", true)));
    }

    [Test]
    public async Task Key_UsedAtAnotherService_ShowsItsLastUse()
    {
        var (id, secret) = await CreateAsync(new { name = "used", role = "server" });
        Assert.That((await FindAsync(id))["last_used_at"], Is.Null);
        var before = DateTimeOffset.UtcNow;
        await Services.KnowAsync("statistics", secret);
        var used = await TestPlatform.EventuallyAsync(async () => (await FindAsync(id))["last_used_at"], at => at is not null, "the use is told");
        Assert.That(used!.GetValue<DateTimeOffset>(), Is.InRange(before.AddSeconds(-1), DateTimeOffset.UtcNow));
    }

    [Test]
    public async Task Keys_Listed_TellNoSecret()
    {
        var (id, secret) = await CreateAsync(new { name = "secret", role = "write" });
        var list = (await Platform.AdminAsync(HttpMethod.Get, "/api/v1/keys")).ToJsonString();
        Assert.That(list, Does.Contain(id).And.Not.Contain(secret).And.Not.Contain(Platform.AdminKey));
    }

    private static async Task<(string Id, string Secret)> CreateAsync(object key)
    {
        var made = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/keys", key);
        return ((string)made["id"]!, (string)made["secret"]!);
    }

    private static async Task<JsonNode> FindAsync(string id) =>
        (await Platform.AdminAsync(HttpMethod.Get, "/api/v1/keys"))["keys"]!.AsArray().Single(k => (string)k!["id"]! == id)!;

    private static async Task<(HttpStatusCode Status, string Code)> SendFromAsync(string? origin, string path, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(new { events = Array.Empty<object>(), attributes = new { id = "u" } }) };
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (origin is not null) request.Headers.Add("Origin", origin);
        using var response = await Platform.Http.SendAsync(request);
        return (response.StatusCode, (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["code"] ?? "");
    }
}

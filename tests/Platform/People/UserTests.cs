using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.People;

/// <summary>People and their roles: who may change whom, and that it counts at once.</summary>
public sealed class UserTests
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    [TestCase("""{"role": "viewer"}""", "missing", "email")]
    [TestCase("""{"email": "ann", "role": "viewer"}""", "invalid_email", "email")]
    [TestCase("""{"email": "a@b@c", "role": "viewer"}""", "invalid_email", "email")]
    [TestCase("""{"email": "ann@example.org"}""", "missing", "role")]
    [TestCase("""{"email": "ann@example.org", "role": "owner"}""", "out_of_range", "role")]
    [TestCase("""{"email": "ann@example.org", "role": "viewer", "password": "short"}""", "out_of_range", "password")]
    [TestCase("""{"email": "ann@example.org", "role": "viewer", "password": "aaaaaaaaaaaaaa"}""", "weak_password", "password")]
    public async Task User_BadField_IsNamed(string body, string code, string field)
    {
        using var response = await Platform.SendAsync(HttpMethod.Post, "/api/v1/users", Platform.AdminKey, new StringContent(body));
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.That((response.StatusCode, (string?)problem["code"], (string?)problem["field"]), Is.EqualTo((HttpStatusCode.BadRequest, code, field)));
    }

    [Test]
    public async Task Role_Changed_CountsAtOnce()
    {
        using var person = await Person.CreateAsync("viewer");
        await Platform.AdminAsync(HttpMethod.Patch, $"/api/v1/users/{person.Id}", new { role = "analyst" });
        Assert.That(await person.StatusAsync(HttpMethod.Get, "/api/v1/experiments"), Is.EqualTo(HttpStatusCode.Unauthorized), "the token tells of the old role");
        Assert.That(await person.RefreshAsync(), Is.True);
        Assert.That((string?)person.Session["role"], Is.EqualTo("analyst"));
        Assert.That(await person.StatusAsync(HttpMethod.Post, "/api/v1/metrics", new { }), Is.EqualTo(HttpStatusCode.BadRequest), "he may, the body may not");
    }

    [Test]
    public async Task User_Removed_IsOutAtOnce()
    {
        using var person = await Person.CreateAsync("editor");
        using (var removed = await Platform.SendAsync(HttpMethod.Delete, $"/api/v1/users/{person.Id}", Platform.AdminKey)) Assert.That(removed.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(await person.StatusAsync(HttpMethod.Get, "/api/v1/experiments"), Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await person.RefreshAsync(), Is.False);
        using var again = await person.AskAsync(HttpMethod.Post, "", new { email = person.Email, password = person.Password });
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden), "the account is there, the membership is not");
    }

    [Test]
    public async Task Admin_ChangesHisOwnRights_IsRefused()
    {
        using var admin = await Person.CreateAsync("admin");
        Assert.That(await admin.StatusAsync(HttpMethod.Patch, $"/api/v1/users/{admin.Id}", new { role = "viewer" }), Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await admin.StatusAsync(HttpMethod.Patch, $"/api/v1/users/{admin.Id}", new { @operator = true }), Is.EqualTo(HttpStatusCode.Forbidden));
        using var second = await Person.CreateAsync("admin");
        Assert.That(
            await admin.StatusAsync(HttpMethod.Patch, $"/api/v1/users/{second.Id}", new { @operator = true }), Is.EqualTo(HttpStatusCode.Forbidden), "no operator himself");
        Assert.That(await admin.StatusAsync(HttpMethod.Post, "/api/v1/sites", new { key = TestPlatform.Unique("s") }), Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task LastAdmin_OfASite_Stays()
    {
        var site = await OtherSite.CreateAsync();
        using var first = await Person.CreateAsync("admin", site.AdminKey);
        Assert.That((await site.AskAsync(HttpMethod.Delete, $"/api/v1/users/{first.Id}")).Code, Is.EqualTo("conflict"));
        Assert.That((await site.AskAsync(HttpMethod.Patch, $"/api/v1/users/{first.Id}", new { role = "editor" })).Code, Is.EqualTo("conflict"));

        // Two admins that remove each other at the same moment: one stays.
        using var second = await Person.CreateAsync("admin", site.AdminKey);
        var both = await Task.WhenAll(first.StatusAsync(HttpMethod.Delete, $"/api/v1/users/{second.Id}"), second.StatusAsync(HttpMethod.Delete, $"/api/v1/users/{first.Id}"));
        var left = (await site.SendAsync(HttpMethod.Get, "/api/v1/users"))["users"]!.AsArray();
        Assert.That(both.Count(s => s == HttpStatusCode.NoContent), Is.EqualTo(1));
        Assert.That(left, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Account_OfOtherSitesToo_KeepsItsPasswordAndName()
    {
        var site = await OtherSite.CreateAsync();
        using var person = await Person.CreateAsync("viewer");
        var added = await site.SendAsync(HttpMethod.Post, "/api/v1/users", new { email = person.Email.ToUpperInvariant(), role = "admin", password = "the attacker's password" });
        Assert.That((string?)added["id"], Is.EqualTo(person.Id), "an address is the same however it is written");
        Assert.That((await site.AskAsync(HttpMethod.Patch, $"/api/v1/users/{person.Id}", new { password = "the attacker's password" })).Status, Is.EqualTo(HttpStatusCode.Forbidden));
        using var browser = Person.NewBrowser();
        using var taken = await browser.PostAsJsonAsync("/api/v1/session", new { email = person.Email, password = "the attacker's password" });
        Assert.That(taken.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        await person.SignInAsync();
    }

    [Test]
    public async Task Changes_ToPeopleAndKeys_StandInTheAuditLog()
    {
        using var admin = await Person.CreateAsync("admin");
        var name = TestPlatform.Unique("audited");
        using var made = await admin.CallAsync(HttpMethod.Post, "/api/v1/keys", new { name, role = "write" });
        var secret = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync())!["secret"]!;
        var log = await Platform.AdminAsync(HttpMethod.Get, $"/api/v1/audit?actor=user:{Uri.EscapeDataString(admin.Email)}");
        var entry = log["entries"]!.AsArray().Single()!;
        Assert.That(((string?)entry["action"], (string?)entry["after"]!["name"]), Is.EqualTo(("key.created", name)));
        Assert.That(log.ToJsonString(), Does.Not.Contain(secret));
    }
}

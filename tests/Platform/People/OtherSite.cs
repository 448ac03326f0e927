using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.People;

/// <summary>A second tenant of the same installation, with keys of its own.</summary>
internal sealed record OtherSite(string Name, string AdminKey)
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    public static async Task<OtherSite> CreateAsync()
    {
        var name = TestPlatform.Unique("site");
        var made = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/sites", new { key = name, time_zone = "Europe/Warsaw" });
        var site = new OtherSite(name, (string)made["admin_key"]!["secret"]!);
        foreach (var service in new[] { "statistics", "reporting", "assignment", "ingestion" }) await Services.KnowAsync(service, site.AdminKey);
        return site;
    }

    public async Task<string> NewKeyAsync(string role)
    {
        var made = await SendAsync(HttpMethod.Post, "/api/v1/keys", new { name = role, role });
        return (string)made["secret"]!;
    }

    /// <summary>As its admin; fails on any answer that is no success.</summary>
    public async Task<JsonNode> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var response = await Platform.SendAsync(method, path, AdminKey, body is null ? null : JsonContent.Create(body));
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.IsSuccessStatusCode, Is.True, $"{method} {path} answered {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    public async Task<(HttpStatusCode Status, string? Code)> AskAsync(HttpMethod method, string path, object? body = null)
    {
        using var response = await Platform.SendAsync(method, path, AdminKey, body is null ? null : JsonContent.Create(body));
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.StartsWith('{') ? (string?)JsonNode.Parse(text)!["code"] : null);
    }
}

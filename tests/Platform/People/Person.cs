using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CroPlatform.Platform.Tests.People;

/// <summary>Somebody with an account, and his browser: it keeps the session's cookie.</summary>
internal sealed class Person : IDisposable
{
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private readonly HttpClient _browser = NewBrowser();

    private Person(string email, string password, string id) => (Email, Password, Id) = (email, password, id);

    public string Email { get; }
    public string Password { get; private set; }
    public string Id { get; }

    /// <summary>The access token that he got last.</summary>
    public string Token { get; private set; } = "";

    /// <summary>The whole answer with it.</summary>
    public JsonNode Session { get; private set; } = new JsonObject();

    public static HttpClient NewBrowser() => new() { BaseAddress = new Uri(Platform.Public), Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Makes an account in the site of this admin key, and signs it in.</summary>
    public static async Task<Person> CreateAsync(string role, string? adminKey = null)
    {
        var (email, password) = ($"{TestPlatform.Unique(role)}@example.org", Guid.NewGuid().ToString());
        using var response = await Platform.SendAsync(HttpMethod.Post, "/api/v1/users", adminKey ?? Platform.AdminKey, JsonContent.Create(new { email, role, password }));
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Created), text);
        var person = new Person(email, password, (string)JsonNode.Parse(text)!["id"]!);
        await person.SignInAsync();
        return person;
    }

    /// <summary>The first admin, an operator.</summary>
    public static async Task<Person> OperatorAsync()
    {
        var person = new Person(Platform.Text("admin_email"), Platform.Text("admin_password"), "");
        await person.SignInAsync();
        return person;
    }

    public async Task SignInAsync(string? site = null)
    {
        using var response = await AskAsync(HttpMethod.Post, "", new { email = Email, password = Password, site });
        await TakeAsync(response);
    }

    /// <summary>False if the session is over.</summary>
    public async Task<bool> RefreshAsync(string? site = null)
    {
        using var response = await AskAsync(HttpMethod.Post, "/refresh", new { site });
        if (!response.IsSuccessStatusCode) return false;
        await TakeAsync(response);
        return true;
    }

    public async Task<HttpStatusCode> ChangePasswordAsync(string current, string password)
    {
        using var response = await AskAsync(HttpMethod.Put, "/password", new { current, password });
        if (response.IsSuccessStatusCode) Password = password;
        return response.StatusCode;
    }

    public async Task SignOutAsync() => (await AskAsync(HttpMethod.Delete, "", null)).Dispose();

    /// <summary>Asks something under /api/v1/session with the cookie.</summary>
    public async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/session" + path) { Content = body is null ? null : JsonContent.Create(body) };
        return await _browser.SendAsync(request);
    }

    /// <summary>Calls the API with the access token.</summary>
    public Task<HttpResponseMessage> CallAsync(HttpMethod method, string path, object? body = null) =>
        Platform.SendAsync(method, path, Token, body is null ? null : JsonContent.Create(body));

    public async Task<HttpStatusCode> StatusAsync(HttpMethod method, string path, object? body = null)
    {
        using var response = await CallAsync(method, path, body);
        return response.StatusCode;
    }

    public void Dispose() => _browser.Dispose();

    private async Task TakeAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), text);
        Session = JsonNode.Parse(text)!;
        Token = (string)Session["access_token"]!;
    }
}

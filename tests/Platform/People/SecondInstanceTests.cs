using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CroPlatform.Platform.Tests.People;

/// <summary>A second control plane beside the first: it has an identity provider and little patience, and knows at once what the first one changes.</summary>
public sealed class SecondInstanceTests
{
    private const string Client = "cro";
    private const int Burst = 200;
    private static readonly TestPlatform Platform = TestPlatform.Current;

    private readonly RSA _key = RSA.Create(2_048);
    private WebApplication _provider = null!;
    private SecondControlPlane _second = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _provider = builder.Build();
        var parameters = _key.ExportParameters(includePrivateParameters: false);
        _provider.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = Issuer, jwks_uri = Issuer + "/keys" }));
        _provider.MapGet("/keys", () => Results.Json(new
        {
            keys = new[] { new { kty = "RSA", kid = "k1", use = "sig", n = Base64Url.EncodeToString(parameters.Modulus), e = Base64Url.EncodeToString(parameters.Exponent) } },
        }));
        await _provider.StartAsync();
        _second = await SecondControlPlane.StartAsync(new Dictionary<string, string>
        {
            ["Oidc__Issuer"] = Issuer,
            ["Oidc__ClientId"] = Client,
            ["Oidc__RequireHttps"] = "false",
            ["Oidc__DefaultRole"] = "viewer",
            ["Oidc__DefaultSite"] = "default",
            ["RateLimits__ManagementPerSecond"] = "0.01",
            ["RateLimits__ManagementBurst"] = Burst.ToString(),
            ["Sessions__BurstPerAccount"] = "50",
        });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _second.Dispose();
        await _provider.DisposeAsync();
        _key.Dispose();
    }

    private string Issuer => _provider.Urls.Single();

    [Test]
    public async Task SignIn_KnownByAVerifiedAddress_IsThatAccountFromThenOn()
    {
        using var person = await Person.CreateAsync("editor");
        var subject = TestPlatform.Unique("subject");
        var (status, session) = await SignInAsync(Token(subject, person.Email, isVerified: true));
        Assert.That((status, (string?)session["user"]!["id"], (string?)session["role"]), Is.EqualTo((HttpStatusCode.OK, person.Id, "editor")));
        (_, session) = await SignInAsync(Token(subject, "new-address@example.org", isVerified: false));
        Assert.That((string?)session["user"]!["id"], Is.EqualTo(person.Id), "issuer and subject are who he is");
        using var answer = await Platform.SendAsync(HttpMethod.Get, "/api/v1/experiments", (string)session["access_token"]!);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), "the first instance takes the token, too");
    }

    [Test]
    public async Task SignIn_AddressNotVerified_TakesNobodysAccount()
    {
        using var person = await Person.CreateAsync("admin");
        var (status, problem) = await SignInAsync(Token(TestPlatform.Unique("subject"), person.Email, isVerified: false));
        Assert.That((status, (string?)problem["code"]), Is.EqualTo((HttpStatusCode.Forbidden, "unknown_user")));
    }

    [Test]
    public async Task SignIn_Unknown_GetsAnAccountOfTheDefaultRole()
    {
        var email = $"{TestPlatform.Unique("new")}@example.org";
        var (status, session) = await SignInAsync(Token(TestPlatform.Unique("subject"), email, isVerified: true));
        Assert.That((status, (string?)session["role"], (string?)session["site"]), Is.EqualTo((HttpStatusCode.OK, "viewer", "default")));
    }

    [Test]
    public async Task SignIn_ForgedToken_IsRefused()
    {
        var token = Token(TestPlatform.Unique("subject"), "eve@example.org", isVerified: true);
        var (status, problem) = await SignInAsync(Tokens.WithClaim(token, "email", Platform.Text("admin_email")));
        Assert.That((status, (string?)problem["code"]), Is.EqualTo((HttpStatusCode.Unauthorized, "sign_in_refused")));
    }

    [Test]
    public async Task Key_RevokedAtTheFirst_IsRefusedAtTheSecond()
    {
        var made = await Platform.AdminAsync(HttpMethod.Post, "/api/v1/keys", new { name = "both", role = "admin" });
        var secret = (string)made["secret"]!;
        await TestPlatform.EventuallyAsync(() => StatusAsync(secret), s => s == HttpStatusCode.OK, "the second instance knows the key");
        using var revoked = await Platform.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{made["id"]}", Platform.AdminKey);
        await TestPlatform.EventuallyAsync(() => StatusAsync(secret), s => s == HttpStatusCode.Unauthorized, "the second instance refuses the key");
    }

    [Test]
    public async Task Requests_MoreThanTheRate_WaitAndAreCounted()
    {
        var secret = (string)(await Platform.AdminAsync(HttpMethod.Post, "/api/v1/keys", new { name = "fast", role = "admin" }))["secret"]!;
        await TestPlatform.EventuallyAsync(() => StatusAsync(secret), s => s == HttpStatusCode.OK, "the second instance knows the key");
        for (var i = 0; i < Burst - 1; i++) Assert.That(await StatusAsync(secret), Is.EqualTo(HttpStatusCode.OK), $"request {i + 2}");
        using var request = Get(secret, "/api/v1/sites");
        using var refused = await _second.Http.SendAsync(request);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.TooManyRequests));
        Assert.That(refused.Headers.RetryAfter!.Delta, Is.InRange(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(101)));
        Assert.That((string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["code"], Is.EqualTo("too_many_requests"));
        Assert.That(await StatusAsync(Platform.AdminKey), Is.EqualTo(HttpStatusCode.OK), "another key has an allowance of its own");
        using var scrape = Get(Platform.Text("metrics_key"), "/metrics");
        using var metrics = await _second.Http.SendAsync(scrape);
        Assert.That(await metrics.Content.ReadAsStringAsync(), Does.Match("(?m)^cro_rate_limit_refused_total\\{class=\"management\"\\} [1-9]"));
    }

    private async Task<HttpStatusCode> StatusAsync(string key)
    {
        using var request = Get(key, "/api/v1/sites");
        using var response = await _second.Http.SendAsync(request);
        return response.StatusCode;
    }

    private static HttpRequestMessage Get(string key, string path) => new(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };

    private async Task<(HttpStatusCode Status, JsonNode Body)> SignInAsync(string token)
    {
        using var response = await _second.Http.PostAsJsonAsync("/api/v1/session/oidc", new { id_token = token });
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    private string Token(string subject, string email, bool isVerified)
    {
        var now = DateTimeOffset.UtcNow;
        var header = JsonSerializer.SerializeToUtf8Bytes(new { alg = "RS256", typ = "JWT", kid = "k1" });
        var payload = JsonSerializer.SerializeToUtf8Bytes(new
        {
            iss = Issuer, aud = Client, sub = subject, email, email_verified = isVerified, iat = now.ToUnixTimeSeconds(), exp = now.AddMinutes(5).ToUnixTimeSeconds(),
        });
        var text = $"{Base64Url.EncodeToString(header)}.{Base64Url.EncodeToString(payload)}";
        return $"{text}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }
}

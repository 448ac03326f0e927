using System.Security.Cryptography;
using System.Text;
using CroPlatform.Services.Experiments.Receive.People;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CroPlatform.Services.Tests.Experiments.People;

/// <summary>ID tokens of a small identity provider that answers discovery and keys over HTTP.</summary>
public sealed class OidcTests
{
    private const string Client = "cro-client";
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    private readonly RsaSecurityKey _rsa = new(RSA.Create(2_048)) { KeyId = "rsa-1" };
    private readonly ECDsaSecurityKey _ec = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "ec-1" };
    private WebApplication _provider = null!;
    private OidcVerifier _verifier = null!;

    private string Issuer => _provider.Urls.Single();

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _provider = builder.Build();
        _provider.MapGet("/.well-known/openid-configuration", () => Results.Json(new
        {
            issuer = Issuer, jwks_uri = Issuer + "/keys", authorization_endpoint = Issuer + "/authorize", response_types_supported = new[] { "id_token" },
            subject_types_supported = new[] { "public" }, id_token_signing_alg_values_supported = new[] { "RS256", "ES256" },
        }));
        _provider.MapGet("/keys", () => Results.Json(new { keys = new[] { Public(JsonWebKeyConverter.ConvertFromRSASecurityKey(_rsa)), Public(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(_ec)) } }));
        await _provider.StartAsync();
        _verifier = new OidcVerifier(Options.Create(new OidcOptions { Issuer = Issuer, ClientId = Client, RequireHttps = false }), TimeProvider.System);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        _verifier.Dispose();
        await _provider.DisposeAsync();
    }

    [TestCase("RS256")]
    [TestCase("ES256")]
    public async Task Token_Good_TellsWhoItIs(string algorithm)
    {
        var identity = await _verifier.VerifyAsync(Token(algorithm), nonce: null);
        Assert.That(identity, Is.EqualTo(new OidcIdentity(Issuer, "subject-1", "ann@example.org", "Ann")));
    }

    [Test]
    public async Task Token_AddressNotVerified_HasNone()
    {
        var identity = await _verifier.VerifyAsync(Token(change: c => c["email_verified"] = false), nonce: null);
        Assert.That((identity!.Subject, identity.VerifiedEmail), Is.EqualTo(("subject-1", (string?)null)));
    }

    [Test]
    public async Task Token_Expired_IsRefused() => Assert.That(await _verifier.VerifyAsync(Token(age: TimeSpan.FromHours(2)), null), Is.Null);

    [Test]
    public async Task Token_ForAnotherAudience_IsRefused() => Assert.That(await _verifier.VerifyAsync(Token(change: c => c["aud"] = "somebody-else"), null), Is.Null);

    [Test]
    public async Task Token_OfAnotherIssuer_IsRefused() => Assert.That(await _verifier.VerifyAsync(Token(change: c => c["iss"] = "https://evil.example"), null), Is.Null);

    [Test]
    public async Task Token_ForSeveralAudiences_IsOursOnlyIfWeAskedForIt()
    {
        Assert.That(await _verifier.VerifyAsync(Token(change: c => c["aud"] = new[] { Client, "other" }), null), Is.Null);
        Assert.That(await _verifier.VerifyAsync(Token(change: c => (c["aud"], c["azp"]) = (new[] { Client, "other" }, Client)), null), Is.Not.Null);
    }

    [Test]
    public async Task Nonce_OtherThanAskedFor_IsRefused()
    {
        var token = Token(change: c => c["nonce"] = "n-1");
        Assert.That(await _verifier.VerifyAsync(token, "n-1"), Is.Not.Null);
        Assert.That(await _verifier.VerifyAsync(token, "n-2"), Is.Null);
        Assert.That(await _verifier.VerifyAsync(Token(), "n-1"), Is.Null);
    }

    [Test]
    public async Task Token_Forged_IsRefused()
    {
        var parts = Token().Split('.');
        var payload = Base64UrlEncoder.Decode(parts[1]).Replace("ann@", "eve@", StringComparison.Ordinal);
        Assert.That(await _verifier.VerifyAsync($"{parts[0]}.{Base64UrlEncoder.Encode(payload)}.{parts[2]}", null), Is.Null, "another payload");

        var none = $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.";
        Assert.That(await _verifier.VerifyAsync(none, null), Is.Null, "no signature");

        var head = $"{Base64UrlEncoder.Encode("""{"alg":"HS256","typ":"JWT","kid":"rsa-1"}""")}.{parts[1]}";
        foreach (var secret in (byte[][])[_rsa.Rsa.ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(_rsa.Rsa.ExportSubjectPublicKeyInfoPem())])
        {
            var swapped = $"{head}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(head)))}";
            Assert.That(await _verifier.VerifyAsync(swapped, null), Is.Null, "the public key as a secret");
        }

        using var other = RSA.Create(2_048);
        Assert.That(await _verifier.VerifyAsync(Token(key: new RsaSecurityKey(other) { KeyId = "rsa-1" }), null), Is.Null, "another key under this id");
        Assert.That(await _verifier.VerifyAsync("no token", null), Is.Null);
    }

    private string Token(string algorithm = "RS256", Action<Dictionary<string, object>>? change = null, TimeSpan age = default, SecurityKey? key = null)
    {
        var made = DateTimeOffset.UtcNow - age;
        var claims = new Dictionary<string, object>
        {
            ["iss"] = Issuer, ["aud"] = Client, ["sub"] = "subject-1", ["email"] = "ann@example.org", ["email_verified"] = true, ["name"] = "Ann",
            ["iat"] = made.ToUnixTimeSeconds(), ["exp"] = made.AddHours(1).ToUnixTimeSeconds(),
        };
        change?.Invoke(claims);
        var signing = new SigningCredentials(key ?? (algorithm == "ES256" ? _ec : _rsa), algorithm);
        return Handler.CreateToken(System.Text.Json.JsonSerializer.Serialize(claims), signing);
    }

    private static object Public(JsonWebKey key) => new { kty = key.Kty, kid = key.Kid, use = "sig", n = key.N, e = key.E, crv = key.Crv, x = key.X, y = key.Y };
}

using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>The identity provider whose ID tokens sign people in. Without an issuer there is none.</summary>
public sealed record OidcOptions
{
    public const string Section = "Oidc";

    /// <summary>As its tokens say it, say https://login.example.org.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>Where its metadata stands; empty: the issuer's /.well-known/openid-configuration.</summary>
    public string MetadataAddress { get; init; } = "";

    /// <summary>What the platform is called there: the tokens' audience.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>viewer, analyst, …: who is not known yet gets an account of this role; empty: only accounts that an admin made may sign in.</summary>
    public string DefaultRole { get; init; } = "";

    /// <summary>The site of such accounts.</summary>
    public string DefaultSite { get; init; } = "";

    /// <summary>False takes metadata and keys over plain HTTP, for tests.</summary>
    public bool RequireHttps { get; init; } = true;
}

/// <summary>Who somebody is, as the identity provider says.</summary>
/// <param name="VerifiedEmail">Null unless the provider vouches for it.</param>
internal sealed record OidcIdentity(string Issuer, string Subject, string? VerifiedEmail, string? Name);

/// <summary>
/// Checks ID tokens (OpenID Connect Core 1.0, section 3.1.3.7) against the keys that the provider's metadata names, with the machinery of ASP.NET
/// Core's bearer authentication: RS256 and ES256 only, issuer, audience, expiry, and the nonce if the page sent one.
/// </summary>
internal sealed class OidcVerifier : IDisposable
{
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(10),
        MaxResponseContentBufferSize = 1 << 20,
    };

    private readonly OidcOptions _options;
    private readonly TokenValidationParameters? _rules;

    public OidcVerifier(IOptions<OidcOptions> options, TimeProvider clock)
    {
        _options = options.Value;
        if (_options.Issuer.Length == 0) return;
        var metadata = _options.MetadataAddress.Length > 0 ? _options.MetadataAddress : _options.Issuer.TrimEnd('/') + "/.well-known/openid-configuration";
        _rules = new TokenValidationParameters
        {
            ConfigurationManager = new ConfigurationManager<OpenIdConnectConfiguration>(
                metadata, new OpenIdConnectConfigurationRetriever(), new HttpDocumentRetriever(_http) { RequireHttps = _options.RequireHttps }),
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256],
            ValidIssuer = _options.Issuer,
            ValidAudience = _options.ClientId,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (from, to, _, _) => clock.GetUtcNow().UtcDateTime is var now && to > now - Skew && (from is null || from <= now + Skew),
        };
    }

    public bool IsConfigured => _rules is not null;

    /// <summary>Null if the token is not good.</summary>
    public async Task<OidcIdentity?> VerifyAsync(string idToken, string? nonce)
    {
        if (_rules is null) return null;
        var result = await Handler.ValidateTokenAsync(idToken, _rules);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token || string.IsNullOrEmpty(token.Subject)) return null;
        if (token.Audiences.Skip(1).Any() && Text(token, "azp") != _options.ClientId) return null;
        if (nonce is not null && Text(token, "nonce") != nonce) return null;
        var isVerified = token.TryGetPayloadValue<object>("email_verified", out var verified) && verified is true or "true";
        return new OidcIdentity(token.Issuer, token.Subject, isVerified ? Text(token, "email") : null, Text(token, "name"));
    }

    public void Dispose() => _http.Dispose();

    private static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var value) ? value : null;
}

using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using CroPlatform.Experimentation.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>What access tokens say about their issuer. All services of an installation have the same.</summary>
public sealed record AccessTokenOptions
{
    public const string Section = "AccessTokens";

    [Required] public string Issuer { get; init; } = "croplatform";
    [Required] public string Audience { get; init; } = "croplatform";
}

/// <summary>
/// Checks access tokens: signed JWTs (RFC 7519, profile RFC 9068) by ES256 and nothing else, against the keys that the control plane published,
/// on the platform's own clock. A token of a lower generation than its user's is void: he signed out, or his rights changed.
/// </summary>
public sealed class AccessTokens
{
    public const string Type = "at+jwt";

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    private readonly Func<Catalog> _catalog;
    private readonly TimeProvider _clock;
    private readonly TokenValidationParameters _rules;

    // The library caches what it derives from a key by the key object.
    private readonly ConditionalWeakTable<SigningKey, ECDsaSecurityKey> _keys = [];

    public AccessTokens(Func<Catalog> catalog, TimeProvider clock, IOptions<AccessTokenOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_catalog, _clock) = (catalog, clock);
        _rules = new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidTypes = [Type],
            ValidIssuer = options.Value.Issuer,
            ValidAudience = options.Value.Audience,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            TryAllIssuerSigningKeys = false,
            IssuerSigningKeyResolver = (_, _, kid, _) => KeyOf(kid) is { } key ? [key] : [],
            LifetimeValidator = (from, to, _, _) => _clock.GetUtcNow().UtcDateTime is var now && to > now && (from is null || from <= now),
        };
    }

    /// <summary>Whether it has a JWT's form, which no API key has.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<char> credential) =>
        credential.StartsWith("eyJ", StringComparison.Ordinal) && credential.Count('.') == 2;

    /// <summary>Whose token it is; null if it is none of ours, or not good any more.</summary>
    public async Task<PersonGrant?> FindAsync(string token)
    {
        var result = await Handler.ValidateTokenAsync(token, _rules);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt) return null;
        return PersonGrant.Of(jwt) is { } person && person.Generation >= _catalog().Access.TokenGeneration(person.User) ? person : null;
    }

    private ECDsaSecurityKey? KeyOf(string? kid)
    {
        if (kid is null || _catalog().Access.FindSigningKey(kid) is not { } key) return null;
        if (key.ExpiresMs <= _clock.GetUtcNow().ToUnixTimeMilliseconds()) return null;
        return _keys.GetValue(key, static k => new ECDsaSecurityKey(ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = k.X.ToArray(), Y = k.Y.ToArray() },
        }))
        { KeyId = k.Id });
    }
}

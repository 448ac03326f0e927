using System.Collections.Immutable;

namespace CroPlatform.Experimentation.Configuration;

/// <summary>Who may call: API keys, the public keys of access tokens, and which people's older tokens are void. Immutable.</summary>
public sealed class Access
{
    public static readonly Access None = new(
        ImmutableDictionary<KeyHash, KeyGrant>.Empty, ImmutableDictionary<string, SigningKey>.Empty, ImmutableDictionary<string, int>.Empty);

    private readonly ImmutableDictionary<KeyHash, KeyGrant> _keys;
    private readonly ImmutableDictionary<string, SigningKey> _signingKeys;
    private readonly ImmutableDictionary<string, int> _generations;

    private Access(
        ImmutableDictionary<KeyHash, KeyGrant> keys, ImmutableDictionary<string, SigningKey> signingKeys, ImmutableDictionary<string, int> generations) =>
        (_keys, _signingKeys, _generations) = (keys, signingKeys, generations);

    /// <summary>What the key grants, expired or not.</summary>
    public KeyGrant? FindKey(ReadOnlySpan<char> key) => _keys.GetValueOrDefault(KeyHash.Of(key));

    public SigningKey? FindSigningKey(string id) => _signingKeys.GetValueOrDefault(id);

    /// <summary>The user's tokens of a lower generation are void.</summary>
    public int TokenGeneration(string user) => _generations.GetValueOrDefault(user);

    internal Access With(Site? before, Site site)
    {
        var keys = before is null ? _keys : _keys.RemoveRange(before.ApiKeys.Select(k => k.Hash));
        return new Access(keys.SetItems(site.ApiKeys.Select(k => KeyValuePair.Create(k.Hash, KeyGrant.Of(site.Key, k)))), _signingKeys, _generations);
    }

    internal Access With(SigningKey key) => new(_keys, _signingKeys.SetItem(key.Id, key), _generations);

    internal Access WithTokenGeneration(string user, int generation) =>
        generation <= TokenGeneration(user) ? this : new Access(_keys, _signingKeys, _generations.SetItem(user, generation));
}

/// <summary>What a caller may do, and in which site.</summary>
public record KeyGrant(string Site, KeyRole Role)
{
    /// <summary>Who calls, as the audit log names him: <c>key:</c> and the key's id, or <c>user:</c> and the person's e-mail address.</summary>
    public required string Actor { get; init; }

    /// <summary>From then on it grants nothing; milliseconds since 1970 UTC, 0: never.</summary>
    public long ExpiresMs { get; init; }

    /// <summary>Which pages may use it; empty: all.</summary>
    public ImmutableArray<string> Origins { get; init; } = [];

    public bool HasExpired(long nowMs) => ExpiresMs != 0 && nowMs >= ExpiresMs;

    /// <param name="origin">What a browser says in the header Origin; empty: the caller is no page.</param>
    public bool AllowsOrigin(string? origin) =>
        Origins.IsEmpty || string.IsNullOrEmpty(origin) || Origins.Contains(origin, StringComparer.OrdinalIgnoreCase);

    internal static KeyGrant Of(string site, ApiKey key) => new(site, key.Role)
    {
        Actor = "key:" + (key.Id.Length > 0 ? key.Id : key.Hash.ShortName),
        ExpiresMs = key.ExpiresMs,
        Origins = key.Origins,
    };
}

/// <summary>A public key (P-256) that access tokens are checked with.</summary>
/// <param name="Id">The token's <c>kid</c>.</param>
/// <param name="X">32 bytes, big-endian, as <paramref name="Y"/>.</param>
/// <param name="ExpiresMs">No token that it signed is good from then on; milliseconds since 1970 UTC.</param>
public sealed record SigningKey(string Id, ReadOnlyMemory<byte> X, ReadOnlyMemory<byte> Y, long ExpiresMs);

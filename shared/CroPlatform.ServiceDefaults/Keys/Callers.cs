using System.Collections.Concurrent;
using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>
/// Tells who calls, from an API key or an access token, and whether he may. What a catalog granted to a key is remembered for as long as it is
/// the current one: hashing a key takes longer than finding its grant. Letting a key in allocates nothing.
/// </summary>
public sealed class Callers(Func<Catalog> catalog, Func<bool> isReady, AccessTokens tokens, RateLimits limits, KeyUse use, TimeProvider clock)
{
    private volatile Granted _granted = new(Catalog.Empty);

    /// <summary>False while keys are still being read: an unknown key may be a good one then.</summary>
    public bool IsReady => isReady();

    /// <summary>What a key grants now; null if it is unknown or has expired.</summary>
    public KeyGrant? FindKey(ReadOnlySpan<char> key)
    {
        var current = catalog();
        var granted = _granted;
        if (granted.Catalog != current) _granted = granted = new Granted(current);
        return granted.Find(key) is { } grant && !grant.HasExpired(clock.GetUtcNow().ToUnixTimeMilliseconds()) ? grant : null;
    }

    /// <summary>What a key or an access token grants now; null if nothing.</summary>
    public async ValueTask<KeyGrant?> FindAsync(string credential) =>
        AccessTokens.LooksLikeOne(credential) ? await tokens.FindAsync(credential) : FindKey(credential);

    /// <summary>Why this caller may not use an endpoint now; null if he may, and then the request has his grant.</summary>
    internal Refusal? Judge(HttpContext context, KeyGrant? grant, KeyRequirement requirement, RateClass kind)
    {
        if (grant is null) return IsReady ? Refusal.Unauthorized : Refusal.Starting;
        var mayCall = grant is PersonGrant person ? requirement.Person <= person.Person : requirement.Role <= grant.Role;
        if (!mayCall) return Refusal.Forbidden(requirement);
        if (!grant.AllowsOrigin(context.Request.Headers.Origin)) return Refusal.Origin;
        if (!limits.TryTake(grant.Site, grant.Actor, kind, out var wait)) return Refusal.TooMany(wait);
        if (grant is not PersonGrant) use.Note(grant.Site, grant.Actor);
        context.Features.Set(grant);
        return null;
    }

    private sealed class Granted(Catalog catalog)
    {
        // Good keys only, so that guesses cannot fill it.
        private readonly ConcurrentDictionary<string, KeyGrant> _keys = new(StringComparer.Ordinal);

        public Catalog Catalog => catalog;

        public KeyGrant? Find(ReadOnlySpan<char> key)
        {
            if (_keys.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key, out var known)) return known;
            if (catalog.Access.FindKey(key) is not { } found) return null;
            _keys.TryAdd(key.ToString(), found);
            return found;
        }
    }
}

public static class CallerRegistration
{
    /// <summary>Keys, and the public keys of access tokens, are looked up in the catalog that <typeparamref name="T"/> holds at the time.</summary>
    public static IServiceCollection AddCatalogKeys<T>(this IServiceCollection services, Func<T, Catalog> catalog, Func<T, bool> isReady)
        where T : notnull
    {
        services.AddValidated<AccessTokenOptions>(AccessTokenOptions.Section);
        services.AddValidated<RateLimitOptions>(RateLimitOptions.Section);
        services.AddSingleton<RateLimits>().AddSingleton<KeyUse>();
        services.AddSingleton(provider =>
        {
            var holder = provider.GetRequiredService<T>();
            return new AccessTokens(
                () => catalog(holder), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<IOptions<AccessTokenOptions>>());
        });
        return services.AddSingleton(provider =>
        {
            var holder = provider.GetRequiredService<T>();
            return new Callers(
                () => catalog(holder),
                () => isReady(holder),
                provider.GetRequiredService<AccessTokens>(),
                provider.GetRequiredService<RateLimits>(),
                provider.GetRequiredService<KeyUse>(),
                provider.GetRequiredService<TimeProvider>());
        });
    }
}

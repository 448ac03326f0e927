using System.Collections.Concurrent;
using CroPlatform.Experimentation.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>
/// Keys as the control plane published them. What a catalog granted is remembered for as long as it is the current one: hashing a
/// key takes longer than finding its grant.
/// </summary>
internal sealed class CatalogKeys(Func<Catalog> catalog, Func<bool> isReady) : IKeyLookup
{
    private volatile Granted _granted = new(Catalog.Empty);

    public bool IsReady => isReady();

    public KeyGrant? Find(ReadOnlySpan<char> key)
    {
        var current = catalog();
        var granted = _granted;
        if (granted.Catalog != current) _granted = granted = new Granted(current);
        return granted.Find(key);
    }

    private sealed class Granted(Catalog catalog)
    {
        // Good keys only, so that guesses cannot fill it.
        private readonly ConcurrentDictionary<string, KeyGrant> _keys = new(StringComparer.Ordinal);

        public Catalog Catalog => catalog;

        public KeyGrant? Find(ReadOnlySpan<char> key)
        {
            if (_keys.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(key, out var known)) return known;
            if (catalog.FindKey(key) is not { } found) return null;
            _keys.TryAdd(key.ToString(), found);
            return found;
        }
    }
}

public static class KeyRegistration
{
    /// <summary>Keys are looked up in the catalog that <typeparamref name="T"/> holds at the time.</summary>
    public static IServiceCollection AddCatalogKeys<T>(this IServiceCollection services, Func<T, Catalog> catalog, Func<T, bool> isReady)
        where T : notnull =>
        services.AddSingleton<IKeyLookup>(provider =>
        {
            var holder = provider.GetRequiredService<T>();
            return new CatalogKeys(() => catalog(holder), () => isReady(holder));
        });
}

using CroPlatform.Experimentation.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>Keys as the control plane published them.</summary>
internal sealed class CatalogKeys(Func<Catalog> catalog, Func<bool> isReady) : IKeyLookup
{
    public bool IsReady => isReady();

    public KeyGrant? Find(ReadOnlySpan<char> key) => catalog().FindKey(key);
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

using CroPlatform.ServiceDefaults;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Decide.People;
using CroPlatform.Services.Experiments.Publish.Webhooks;
using CroPlatform.Services.Experiments.Receive.People;
using CroPlatform.Services.Experiments.Receive.Webhooks;
using CroPlatform.Services.Experiments.Serve.People;
using CroPlatform.Services.Experiments.Store;
using CroPlatform.Services.Experiments.Store.People;
using CroPlatform.Services.Experiments.Store.Webhooks;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace CroPlatform.Services.Experiments;

/// <summary>Sites, keys, people and their sessions, and webhooks.</summary>
internal static class PeopleRegistration
{
    public static void AddPeople(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddValidated<BootstrapOptions>(BootstrapOptions.Section).Validate(
            o => o.AdminEmail.Length == 0 || o.AdminPassword.Length is >= Passwords.MinLength and <= Passwords.MaxLength,
            $"Bootstrap:AdminPassword must have {Passwords.MinLength} to {Passwords.MaxLength} characters");
        services.AddValidated<SessionOptions>(SessionOptions.Section).Validate(
            o => o.TrustedProxies.All(p => IPNetwork.TryParse(p, out _)), "Sessions:TrustedProxies are networks, as in 10.0.0.0/8");
        services.AddValidated<OidcOptions>(OidcOptions.Section)
            .Validate(o => o.Issuer.Length == 0 || o.ClientId.Length > 0, "Oidc:ClientId must be set where Oidc:Issuer is")
            .Validate(
                o => o.DefaultRole.Length == 0 || (PersonGrant.RoleOf(o.DefaultRole) is not null && o.DefaultSite.Length > 0),
                "Oidc:DefaultRole is viewer, analyst, editor, approver or admin, and needs Oidc:DefaultSite");
        services.AddSingleton<SiteDirectory>().AddHostedService(p => p.GetRequiredService<SiteDirectory>());
        services.AddCatalogKeys<SiteDirectory>(s => s.Catalog, s => s.IsLoaded);
        services.AddSingleton<AccessWriter>().AddSingleton<Bootstrap>();
        services.AddSingleton<KeyStore>().AddSingleton<SiteStore>().AddSingleton<UserStore>().AddSingleton<SessionStore>().AddSingleton<SigningKeyStore>();
        services.AddSingleton<KeyUseCollector>().AddHostedService(p => p.GetRequiredService<KeyUseCollector>());
        services.AddSingleton<Passwords>().AddSingleton<Operators>();
        services.AddSingleton<OidcVerifier>().AddSingleton<SignInLimits>().AddSingleton<SignIn>();
        services.AddSingleton<AccessTokenIssuer>().AddSingleton<Sessions>();
        services.AddValidated<WebhookOptions>(WebhookOptions.Section).Validate(
            o => o.AllowedNetworks.All(n => IPNetwork.TryParse(n, out _)), "Webhooks:AllowedNetworks are networks, as in 10.1.0.0/16");
        services.AddSingleton<SecretBox>().AddSingleton<WebhookStore>().AddSingleton<DeliveryQueue>();
        services.AddSingleton<PublicAddresses>().AddSingleton<WebhookClient>().AddHostedService<WebhookSender>();

        // Loopback is trusted from the start: the local door.
        services.Configure<ForwardedHeadersOptions>(o =>
        {
            o.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            foreach (var proxy in configuration.GetSection(SessionOptions.Section).Get<SessionOptions>()?.TrustedProxies ?? [])
            {
                if (IPNetwork.TryParse(proxy, out var network)) o.KnownIPNetworks.Add(network);
            }
        });
    }

    public static void MapPeople(this IEndpointRouteBuilder app)
    {
        app.MapSession();
        app.MapSites();
        app.MapUsers();
        app.MapKeys();
        app.MapWebhooks();
    }
}

using CroPlatform.Services.Experiments.Receive.People;
using CroPlatform.Services.Experiments.Receive.Webhooks;
using CroPlatform.Services.Experiments.Serve.People;

namespace CroPlatform.Services.Experiments.Serve.OpenApi;

/// <summary>Who may do what: sessions, users, keys, sites, and where the platform tells of it.</summary>
internal static class PeopleOperations
{
    private const string Sessions = "sessions";
    private const string People = "people and keys";
    private const string Webhooks = "webhooks";

    public static IReadOnlyList<Operation> All { get; } =
    [
        new("GET", "/api/v1/session/methods", Sessions, "How one can sign in here.", "none", null),
        new("POST", "/api/v1/session", Sessions, "Sign in; the cookie keeps the session, the token is good for minutes.", "none", null)
        {
            Body = typeof(SignInRequest), Example = """{"email": "ann@example.org", "password": "a long sentence"}""", Answer = typeof(SessionView),
        },
        new("POST", "/api/v1/session/oidc", Sessions, "Sign in with an ID token of the configured issuer.", "none", null)
        {
            Body = typeof(OidcRequest), Example = """{"id_token": "eyJ…"}""", Answer = typeof(SessionView),
        },
        new("GET", "/api/v1/session", Sessions, "Who is signed in, by the cookie.", "none", null) { Answer = typeof(SessionDescription) },
        new("POST", "/api/v1/session/refresh", Sessions, "The next token, for another site if named.", "none", null)
        {
            Body = typeof(RefreshRequest), Example = """{"site": "default"}""", Answer = typeof(SessionView),
        },
        new("PUT", "/api/v1/session/password", Sessions, "Change one's password.", "none", null) { Body = typeof(PasswordRequest), Example = """{"current": "old", "password": "a longer sentence"}""" },
        new("DELETE", "/api/v1/session", Sessions, "Sign out.", "none", null) { Status = StatusCodes.Status204NoContent },
        new("GET", "/api/v1/sites", People, "The sites that the caller sees.", "admin", "viewer"),
        new("POST", "/api/v1/sites", People, "Make a site; for operators of the installation.", "admin", "admin")
        {
            Body = typeof(SiteRequest), Example = """{"key": "shop", "time_zone": "Europe/Warsaw"}""", Status = StatusCodes.Status201Created,
        },
        new("PATCH", "/api/v1/sites/{key}", People, "Change the site's time zone.", "admin", "admin") { Body = typeof(SitePatch), Example = """{"time_zone": "UTC"}""" },
        new("GET", "/api/v1/users", People, "The people of the site.", "admin", "admin"),
        new("GET", "/api/v1/users/{id}", People, "One of them.", "admin", "admin"),
        new("POST", "/api/v1/users", People, "Let somebody in.", "admin", "admin")
        {
            Body = typeof(UserRequest), Example = """{"email": "ann@example.org", "name": "Ann", "role": "editor", "password": "a long sentence"}""", Status = StatusCodes.Status201Created,
        },
        new("PATCH", "/api/v1/users/{id}", People, "Change name, role or password.", "admin", "admin") { Body = typeof(UserPatch), Example = """{"role": "approver"}""" },
        new("DELETE", "/api/v1/users/{id}", People, "Let somebody in no more.", "admin", "admin") { Status = StatusCodes.Status204NoContent },
        new("GET", "/api/v1/keys", People, "The site's API keys, without their secrets, with their last use.", "admin", "admin"),
        new("POST", "/api/v1/keys", People, "Make a key; its secret is told this once.", "admin", "admin")
        {
            Body = typeof(KeyRequest), Example = """{"name": "shop pages", "role": "write", "origins": ["https://shop.example.org"]}""", Status = StatusCodes.Status201Created,
        },
        new("POST", "/api/v1/keys/{id}/rotate", People, "A new secret; the old one is good until the overlap ends.", "admin", "admin")
        {
            Body = typeof(RotateRequest), Example = """{"overlap_seconds": 86400}""",
        },
        new("DELETE", "/api/v1/keys/{id}", People, "Revoke a key at once.", "admin", "admin") { Status = StatusCodes.Status204NoContent },
        new("GET", "/api/v1/webhooks", Webhooks, "Where life-cycle events are sent.", "admin", "admin"),
        new("POST", "/api/v1/webhooks", Webhooks, "Send life-cycle events somewhere, signed.", "admin", "admin")
        {
            Body = typeof(WebhookRequest), Example = """{"url": "https://hooks.example.org/cro", "events": ["experiment.started", "experiment.stopped"]}""", Status = StatusCodes.Status201Created,
        },
        new("DELETE", "/api/v1/webhooks/{id}", Webhooks, "Send no more.", "admin", "admin") { Status = StatusCodes.Status204NoContent },
        new("GET", "/api/v1/webhooks/{id}/deliveries", Webhooks, "What was sent, and how it was answered.", "admin", "admin"),
    ];
}

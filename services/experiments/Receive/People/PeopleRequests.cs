namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>POST /api/v1/session.</summary>
/// <param name="Site">Which of the person's sites; null: his first.</param>
internal sealed record SignInRequest(string? Email, string? Password, string? Site);

/// <summary>POST /api/v1/session/oidc.</summary>
/// <param name="Nonce">What the page asked the provider to put into the token, if it did.</param>
internal sealed record OidcRequest(string? IdToken, string? Nonce, string? Site);

/// <summary>POST /api/v1/session/refresh.</summary>
internal sealed record RefreshRequest(string? Site);

/// <summary>PUT /api/v1/session/password.</summary>
internal sealed record PasswordRequest(string? Current, string? Password);

/// <summary>POST /api/v1/users.</summary>
internal sealed record UserRequest(string? Email, string? Name, string? Role, string? Password);

/// <summary>PATCH /api/v1/users/{id}; what is null stays.</summary>
internal sealed record UserPatch(string? Name, string? Role, string? Password, bool? Operator);

/// <summary>POST /api/v1/keys.</summary>
internal sealed record KeyRequest(string? Name, string? Role, IReadOnlyList<string?>? Origins, DateTimeOffset? ExpiresAt);

/// <summary>POST /api/v1/keys/{id}/rotate.</summary>
internal sealed record RotateRequest(double? OverlapSeconds);

/// <summary>POST /api/v1/sites.</summary>
internal sealed record SiteRequest(string? Key, string? TimeZone);

/// <summary>PATCH /api/v1/sites/{key}.</summary>
internal sealed record SitePatch(string? TimeZone);

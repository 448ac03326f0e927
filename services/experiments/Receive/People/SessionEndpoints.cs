using System.Net;
using CroPlatform.ServiceDefaults.Errors;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Check.People;
using CroPlatform.Services.Experiments.Serve;
using CroPlatform.Services.Experiments.Serve.People;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Receive.People;

/// <summary>
/// Signing in and out. The session stands in a cookie that scripts cannot read and other sites cannot send; pages work with the short-lived access
/// tokens that they get for it.
/// </summary>
internal static class SessionEndpoints
{
    private const string Path = "/api/v1/session";
    private const string CookieName = "cro_session";

    public static void MapSession(this IEndpointRouteBuilder app)
    {
        // No key is asked for: the password, the provider's token or the cookie is what opens.
        var group = app.MapGroup(Path).AllowWithoutKey().AddEndpointFilter(RefuseOtherSitesAsync);
        group.MapGet("/methods", (OidcVerifier oidc, IOptions<OidcOptions> options) => Results.Json(
            new { password = true, oidc = oidc.IsConfigured ? new { issuer = options.Value.Issuer, client_id = options.Value.ClientId } : null }, JsonBody.Options));

        group.MapPost("/", async (HttpContext context, SignIn signIn, Sessions sessions, CancellationToken ct) =>
        {
            var (request, problem) = await JsonBody.ReadAsync<SignInRequest>(context);
            if (request is null) return problem!.ToResult();
            if (string.IsNullOrEmpty(request.Email)) return Missing("email");
            if (string.IsNullOrEmpty(request.Password)) return Missing("password");
            return await AnswerAsync(context, sessions, await signIn.WithPasswordAsync(AddressOf(context), request, ct), ct);
        });

        group.MapPost("/oidc", async (HttpContext context, SignIn signIn, OidcVerifier oidc, Sessions sessions, CancellationToken ct) =>
        {
            if (!oidc.IsConfigured) return Problem.Result(StatusCodes.Status404NotFound, "not_configured", null, "no identity provider is configured");
            var (request, problem) = await JsonBody.ReadAsync<OidcRequest>(context);
            if (request is null) return problem!.ToResult();
            if (string.IsNullOrEmpty(request.IdToken)) return Missing("id_token");
            return await AnswerAsync(context, sessions, await signIn.WithTokenAsync(AddressOf(context), request, ct), ct);
        });

        group.MapGet("/", async (HttpContext context, Sessions sessions, CancellationToken ct) =>
            await sessions.FindAsync(CookieOf(context), ct) is { } session ? Results.Json(await sessions.DescribeAsync(session, ct), JsonBody.Options) : SignedOut());

        group.MapPost("/refresh", async (HttpContext context, Sessions sessions, CancellationToken ct) =>
        {
            RefreshRequest? request = new(null);
            if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && context.Request.ContentLength != 0)
            {
                (request, var problem) = await JsonBody.ReadAsync<RefreshRequest>(context);
                if (request is null) return problem!.ToResult();
            }

            if (await sessions.FindAsync(CookieOf(context), ct) is not { } session) return SignedOut();
            return await sessions.RefreshAsync(session, request.Site, CookieOf(context), ct) is { } view
                ? Results.Json(view, JsonBody.Options)
                : new FieldProblem("not_found", "site", $"you belong to no site '{request.Site}'").ToResult();
        });

        group.MapPut("/password", async (HttpContext context, SignIn signIn, Sessions sessions, CancellationToken ct) =>
        {
            if (await sessions.FindAsync(CookieOf(context), ct) is not { } session) return SignedOut();
            var (request, problem) = await JsonBody.ReadAsync<PasswordRequest>(context);
            if (request is null) return problem!.ToResult();
            if (PeopleRules.Check(request) is { Count: > 0 } problems) return problems[0].ToResult();
            return await signIn.ChangePasswordAsync(AddressOf(context), session, request, ct)
                ? Results.NoContent()
                : Problem.Result(StatusCodes.Status403Forbidden, "wrong_password", "current", "this is not the current password, or it was tried too often");
        });

        group.MapDelete("/", async (HttpContext context, Sessions sessions, CancellationToken ct) =>
        {
            if (await sessions.FindAsync(CookieOf(context), ct) is { } session) await sessions.EndAsync(session, ct);
            context.Response.Cookies.Delete(CookieName, CookieFor(context, null));
            return Results.NoContent();
        });
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, Sessions sessions, SignedIn outcome, CancellationToken ct)
    {
        switch (outcome.Fault)
        {
            case SignInFault.None:
                context.Response.Cookies.Append(CookieName, outcome.Cookie, CookieFor(context, outcome.Session!.Expires_At));
                return Results.Json(await sessions.ViewAsync(outcome.Session, ct), JsonBody.Options);
            case SignInFault.TooMany:
                context.Response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, outcome.Wait.TotalSeconds)).ToString();
                return Problem.Result(StatusCodes.Status429TooManyRequests, "too_many_requests", null, "too many tries to sign in; try again later");
            case SignInFault.NoSite:
                return Problem.Result(StatusCodes.Status403Forbidden, "no_site", "site", "this account belongs to no such site");
            case SignInFault.UnknownUser:
                return Problem.Result(StatusCodes.Status403Forbidden, "unknown_user", null, "nobody has made an account for you yet");
            default:
                return Problem.Result(StatusCodes.Status401Unauthorized, "sign_in_refused", null, "these credentials are not right");
        }
    }

    /// <summary>SameSite keeps other sites from sending the cookie; browsers also say who asks, so that none signs a person in unasked.</summary>
    private static async ValueTask<object?> RefuseOtherSitesAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var headers = invocation.HttpContext.Request.Headers;
        invocation.HttpContext.Response.Headers.CacheControl = "no-store";
        return headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none"
            ? await next(invocation)
            : Problem.Result(StatusCodes.Status403Forbidden, "origin_not_allowed", "origin", "sessions are for pages of this origin only");
    }

    private static CookieOptions CookieFor(HttpContext context, DateTime? expires) => new()
    {
        HttpOnly = true,
        Secure = context.Request.IsHttps,
        SameSite = SameSiteMode.Strict,
        Path = Path,
        Expires = expires,
    };

    private static string CookieOf(HttpContext context) => context.Request.Cookies[CookieName] ?? "";

    private static IPAddress AddressOf(HttpContext context) => context.Connection.RemoteIpAddress ?? IPAddress.None;

    private static IResult SignedOut() => Problem.Result(StatusCodes.Status401Unauthorized, "signed_out", null, "sign in first");

    private static IResult Missing(string field) => new FieldProblem("missing", field, $"{field} is required").ToResult();
}

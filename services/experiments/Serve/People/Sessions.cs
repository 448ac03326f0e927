using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Store.People;

namespace CroPlatform.Services.Experiments.Serve.People;

internal sealed record SessionUser(string Id, string Email, string Name, bool Operator);

internal sealed record SessionSite(string Site, string Role);

/// <summary>What a page is told of its session.</summary>
internal record SessionDescription(SessionUser User, string Site, string Role, IReadOnlyList<SessionSite> Sites, DateTime ExpiresAt);

/// <summary>The same with an access token.</summary>
/// <param name="ExpiresIn">Seconds that the token is good.</param>
internal sealed record SessionView(
    string AccessToken, string TokenType, int ExpiresIn, SessionUser User, string Site, string Role, IReadOnlyList<SessionSite> Sites, DateTime ExpiresAt)
    : SessionDescription(User, Site, Role, Sites, ExpiresAt);

/// <summary>Sessions as pages see them.</summary>
internal sealed class Sessions(SessionStore store, UserStore users, AccessTokenIssuer tokens)
{
    public async Task<SessionRow?> FindAsync(string cookie, CancellationToken ct) => cookie.Length == 0 ? null : await store.FindAsync(cookie, ct);

    public async Task<SessionDescription> DescribeAsync(SessionRow session, CancellationToken ct) => new(
        UserOf(session), session.Site, RoleOf(session), await SitesAsync(session, ct), session.Expires_At);

    /// <summary>With a new access token.</summary>
    public async Task<SessionView> ViewAsync(SessionRow session, CancellationToken ct)
    {
        var (token, seconds) = await tokens.IssueAsync(session, ct);
        return new SessionView(token, "Bearer", seconds, UserOf(session), session.Site, RoleOf(session), await SitesAsync(session, ct), session.Expires_At);
    }

    /// <summary>A new access token, if one is named for another of the person's sites; null if he does not belong there.</summary>
    public async Task<SessionView?> RefreshAsync(SessionRow session, string? site, string cookie, CancellationToken ct) =>
        await store.TouchAsync(session, site, ct) && await store.FindAsync(cookie, ct) is { } touched ? await ViewAsync(touched, ct) : null;

    public Task EndAsync(SessionRow session, CancellationToken ct) => store.EndAsync(session, ct);

    private async Task<IReadOnlyList<SessionSite>> SitesAsync(SessionRow session, CancellationToken ct) =>
        [.. (await users.SitesOfAsync(session.User_Id, ct)).Select(s => new SessionSite(s.Site, PersonGrant.NameOf(s.Role)))];

    private static SessionUser UserOf(SessionRow session) => new(session.User_Id, session.Email, session.Name, session.Is_Operator);

    private static string RoleOf(SessionRow session) => PersonGrant.NameOf((PersonRole)session.Role);
}

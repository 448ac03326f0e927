using System.Net;
using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Decide.People;
using CroPlatform.Services.Experiments.Store.People;
using Microsoft.Extensions.Options;

namespace CroPlatform.Services.Experiments.Receive.People;

internal enum SignInFault
{
    None,

    /// <summary>Unknown account, wrong password, or a token that is not good: nobody is told which.</summary>
    Refused,

    /// <summary>The identity is good, but there is no account for it.</summary>
    UnknownUser,

    /// <summary>The person belongs to no site, or not to the one named.</summary>
    NoSite,
    TooMany,
}

/// <summary>What signing in led to.</summary>
internal sealed record SignedIn(SignInFault Fault, string Cookie = "", SessionRow? Session = null, TimeSpan Wait = default);

/// <summary>Opens sessions: for an e-mail address and its password, or for an identity provider's token.</summary>
internal sealed class SignIn(
    UserStore users, SessionStore sessions, Passwords passwords, SignInLimits limits, OidcVerifier oidc, IOptions<OidcOptions> oidcOptions)
{
    public async Task<SignedIn> WithPasswordAsync(IPAddress address, SignInRequest request, CancellationToken ct)
    {
        if (!limits.TryTake(address, request.Email!, out var wait)) return new SignedIn(SignInFault.TooMany, Wait: wait);
        var account = await users.FindByEmailAsync(request.Email!, ct);
        return await passwords.VerifyAsync(account?.Password_Hash, request.Password!, ct)
            ? await OpenAsync(account!, request.Site, ct)
            : new SignedIn(SignInFault.Refused);
    }

    public async Task<SignedIn> WithTokenAsync(IPAddress address, OidcRequest request, CancellationToken ct)
    {
        // All tokens of an address are one account: who is meant is not known before the token is checked.
        if (!limits.TryTake(address, "", out var wait)) return new SignedIn(SignInFault.TooMany, Wait: wait);
        if (await oidc.VerifyAsync(request.IdToken!, request.Nonce) is not { } identity) return new SignedIn(SignInFault.Refused);
        return await AccountOfAsync(identity, ct) is { } account ? await OpenAsync(account, request.Site, ct) : new SignedIn(SignInFault.UnknownUser);
    }

    /// <summary>Changes the password of the session's user; false if the current one is wrong, or there were too many tries.</summary>
    public async Task<bool> ChangePasswordAsync(IPAddress address, SessionRow session, PasswordRequest request, CancellationToken ct)
    {
        if (!limits.TryTake(address, session.Email, out _)) return false;
        var account = await users.FindAccountAsync(session.User_Id, ct);
        if (!await passwords.VerifyAsync(account?.Password_Hash, request.Current!, ct)) return false;
        await users.SetPasswordAsync(session.User_Id, await passwords.HashAsync(request.Password!, ct), session.Id, ct);
        return true;
    }

    /// <summary>Who signed in as this subject before; else whose address the provider vouches for; else, where that is allowed, a new account.</summary>
    private async Task<AccountRow?> AccountOfAsync(OidcIdentity identity, CancellationToken ct)
    {
        if (await users.FindByLoginAsync(identity.Issuer, identity.Subject, ct) is { } known) return known;
        if (identity.VerifiedEmail is not { } email) return null;
        var account = await users.FindByEmailAsync(email, ct);
        if (account is null && PersonGrant.RoleOf(oidcOptions.Value.DefaultRole) is { } role)
        {
            await users.AddAsync(oidcOptions.Value.DefaultSite, new NewUser(email, identity.Name ?? email, role, PasswordHash: null), "system:oidc", ct);
            account = await users.FindByEmailAsync(email, ct);
        }

        if (account is not null) await users.LinkLoginAsync(identity.Issuer, identity.Subject, account.Id, ct);
        return account;
    }

    private async Task<SignedIn> OpenAsync(AccountRow account, string? wanted, CancellationToken ct)
    {
        var sites = await users.SitesOfAsync(account.Id, ct);
        var site = sites.Select(s => s.Site).FirstOrDefault(s => wanted is null || s == wanted);
        if (site is null) return new SignedIn(SignInFault.NoSite);
        var (cookie, session) = await sessions.OpenAsync(account.Id, site, ct);
        return new SignedIn(SignInFault.None, cookie, session);
    }
}

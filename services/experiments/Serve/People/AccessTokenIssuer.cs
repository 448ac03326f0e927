using CroPlatform.ServiceDefaults.Keys;
using CroPlatform.Services.Experiments.Store.People;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CroPlatform.Services.Experiments.Serve.People;

/// <summary>Gives out access tokens, which all services check without asking anybody: JWTs signed by ES256, good for minutes.</summary>
internal sealed class AccessTokenIssuer(SigningKeyStore keys, TimeProvider clock, IOptions<SessionOptions> sessions, IOptions<AccessTokenOptions> tokens)
{
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <returns>The token and for how many seconds it is good.</returns>
    public async Task<(string Token, int Seconds)> IssueAsync(SessionRow session, CancellationToken ct)
    {
        var (id, key) = await keys.CurrentAsync(ct);
        var now = clock.GetUtcNow().UtcDateTime;
        var left = session.Expires_At - now;
        var lifetime = left < sessions.Value.AccessToken ? left : sessions.Value.AccessToken;
        var person = new PersonGrant(
            session.Site, (PersonRole)session.Role, session.User_Id, session.Email, session.Name, session.Id, session.Is_Operator, session.Token_Generation)
        {
            Actor = "user:" + session.Email,
        };
        var token = Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = AccessTokens.Type,
            Issuer = tokens.Value.Issuer,
            Audience = tokens.Value.Audience,
            IssuedAt = now,
            Expires = now + lifetime,
            Claims = person.Claims(),
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key) { KeyId = id }, SecurityAlgorithms.EcdsaSha256),
        });
        return (token, (int)lifetime.TotalSeconds);
    }
}

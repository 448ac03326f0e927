using CroPlatform.Experimentation.Configuration;
using Microsoft.IdentityModel.JsonWebTokens;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>A signed-in person in the site that he chose.</summary>
/// <param name="User">The user's id.</param>
/// <param name="Session">The session that the token was given for.</param>
/// <param name="IsOperator">May make sites.</param>
/// <param name="Generation">Raised whenever the user's earlier tokens are to be void.</param>
public sealed record PersonGrant(string Site, PersonRole Person, string User, string Email, string Name, string Session, bool IsOperator, int Generation)
    : KeyGrant(Site, KeyRole.None)
{
    /// <summary>The claims of an access token.</summary>
    public IDictionary<string, object> Claims() => new Dictionary<string, object>
    {
        [JwtRegisteredClaimNames.Sub] = User,
        [JwtRegisteredClaimNames.Email] = Email,
        [JwtRegisteredClaimNames.Name] = Name,
        [JwtRegisteredClaimNames.Sid] = Session,
        [SiteClaim] = Site,
        [RoleClaim] = NameOf(Person),
        [OperatorClaim] = IsOperator,
        [GenerationClaim] = Generation,
    };

    /// <summary>Null if a claim is missing or has no meaning here.</summary>
    internal static PersonGrant? Of(JsonWebToken token)
    {
        if (!token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Sub, out var user)
            || !token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Email, out var email)
            || !token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Name, out var name)
            || !token.TryGetPayloadValue<string>(JwtRegisteredClaimNames.Sid, out var session)
            || !token.TryGetPayloadValue<string>(SiteClaim, out var site)
            || !token.TryGetPayloadValue<string>(RoleClaim, out var roleName)
            || !token.TryGetPayloadValue<bool>(OperatorClaim, out var isOperator)
            || !token.TryGetPayloadValue<int>(GenerationClaim, out var generation)
            || RoleOf(roleName) is not { } role)
        {
            return null;
        }

        return new PersonGrant(site, role, user, email, name, session, isOperator, generation)
        {
            Actor = "user:" + email,
            ExpiresMs = new DateTimeOffset(token.ValidTo, TimeSpan.Zero).ToUnixTimeMilliseconds(),
        };
    }

    /// <summary>As JSON and tokens have it.</summary>
    public static string NameOf(PersonRole role) => role.ToString().ToLowerInvariant();

    /// <summary>Null if there is no such role.</summary>
    public static PersonRole? RoleOf(string? name) => Array.IndexOf(Names, name) is >= 0 and var index ? Roles[index] : null;

    private const string SiteClaim = "site";
    private const string RoleClaim = "role";
    private const string OperatorClaim = "operator";
    private const string GenerationClaim = "generation";
    private static readonly PersonRole[] Roles = Enum.GetValues<PersonRole>();
    private static readonly string[] Names = [.. Roles.Select(NameOf)];
}

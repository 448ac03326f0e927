using CroPlatform.Experimentation.Configuration;
using CroPlatform.ServiceDefaults.Limits;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CroPlatform.ServiceDefaults.Keys;

/// <summary>The least key an endpoint asks for; null: none. An endpoint without this metadata is refused to everybody.</summary>
/// <param name="Header">Another header that may carry the key, for protocols that have one.</param>
/// <param name="Person">The least role of a signed-in person who may call it, too; null: keys only.</param>
public sealed record KeyRequirement(KeyRole? Role, string? Header = null, PersonRole? Person = null);

/// <summary>What a person may do in a site; each role may do what the ones before it may.</summary>
public enum PersonRole
{
    /// <summary>See experiments, metrics and results.</summary>
    Viewer = 1,

    /// <summary>Define metrics, comment, export.</summary>
    Analyst = 2,

    /// <summary>Make, change and run experiments.</summary>
    Editor = 3,

    /// <summary>Approve what others made.</summary>
    Approver = 4,

    /// <summary>Manage people, keys and the site.</summary>
    Admin = 5,
}

public static class KeyExtensions
{
    /// <param name="alsoIn">Another header that may carry the key.</param>
    /// <param name="orPerson">A signed-in person of this role may call it, too.</param>
    public static TBuilder RequireKey<TBuilder>(this TBuilder builder, KeyRole role, string? alsoIn = null, PersonRole? orPerson = null)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new KeyRequirement(role, alsoIn, orPerson));

    /// <summary>For an admin key, or a signed-in person of this role.</summary>
    public static TBuilder RequirePerson<TBuilder>(this TBuilder builder, PersonRole role)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new KeyRequirement(KeyRole.Admin, Person: role));

    public static TBuilder AllowWithoutKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new KeyRequirement((KeyRole?)null));

    /// <summary>
    /// For endpoints whose key stands elsewhere than in a header: finds what it grants and judges it like any other. True if the caller is let in;
    /// otherwise the answer was written.
    /// </summary>
    /// <param name="unknown">What to answer to a key that grants nothing, instead of 401.</param>
    public static async ValueTask<bool> AdmitAsync(
        this HttpContext context, string key, KeyRole role, RateClass kind, Func<HttpContext, Task>? unknown = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        var callers = context.RequestServices.GetRequiredService<Callers>();
        if (callers.Judge(context, callers.FindKey(key), new KeyRequirement(role), kind) is not { } refusal) return true;
        await (refusal == Refusal.Unauthorized && unknown is not null ? unknown(context) : refusal.WriteAsync(context));
        return false;
    }

    /// <summary>The bearer that this request came with, to ask other services in its caller's name; empty: none.</summary>
    public static string Bearer(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return KeyMiddleware.CredentialOf(context, null).ToString();
    }

    /// <summary>Who made this request.</summary>
    /// <exception cref="InvalidOperationException">The endpoint asks for no key.</exception>
    public static KeyGrant Grant(this HttpContext context) =>
        context.Features.Get<KeyGrant>() ?? throw new InvalidOperationException("this endpoint asks for no key, so there is no grant");
}

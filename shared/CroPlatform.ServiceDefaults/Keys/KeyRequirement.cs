using CroPlatform.Experimentation.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

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

/// <summary>Finds what a presented key grants. Services answer from the catalog, the control plane from its own tables.</summary>
public interface IKeyLookup
{
    /// <summary>False while keys are still being read: an unknown key may be a good one then.</summary>
    bool IsReady { get; }

    KeyGrant? Find(ReadOnlySpan<char> key);
}

public static class KeyExtensions
{
    /// <param name="alsoIn">Another header that may carry the key.</param>
    public static TBuilder RequireKey<TBuilder>(this TBuilder builder, KeyRole role, string? alsoIn = null)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new KeyRequirement(role, alsoIn));

    /// <summary>For an admin key, or a signed-in person of this role.</summary>
    public static TBuilder RequirePerson<TBuilder>(this TBuilder builder, PersonRole role)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new KeyRequirement(KeyRole.Admin, Person: role));

    public static TBuilder AllowWithoutKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new KeyRequirement((KeyRole?)null));

    /// <summary>Whose key this request came with.</summary>
    /// <exception cref="InvalidOperationException">The endpoint asks for no key.</exception>
    public static KeyGrant Grant(this HttpContext context) =>
        context.Features.Get<KeyGrant>() ?? throw new InvalidOperationException("this endpoint asks for no key, so there is no grant");
}

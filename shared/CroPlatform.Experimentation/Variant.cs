using System.Collections.Immutable;

namespace CroPlatform.Experimentation;

/// <param name="ConfigJson">A JSON value in UTF-8; empty if none.</param>
public sealed record Variant(string Key, string Name, ReadOnlyMemory<byte> ConfigJson = default)
{
    /// <summary>What it changes in pages; null: nothing.</summary>
    public PageChanges? PageChanges { get; init; }

    /// <summary>The level of each factor, in the factors' order; empty where there are no factors.</summary>
    public ImmutableArray<string> Levels { get; init; } = [];
}

/// <summary>What a variant changes in pages: elements, style, or the page itself.</summary>
/// <param name="Changes">Applied in this order.</param>
/// <param name="Css">A style sheet to add; empty: none.</param>
/// <param name="Redirect">An http or https address to go to instead; empty: none.</param>
public sealed record PageChanges(ImmutableArray<PageChange> Changes, string Css = "", string Redirect = "");

/// <summary>One change of the elements that a selector finds.</summary>
/// <param name="Selector">A CSS selector.</param>
/// <param name="Attribute">html, class, style or any attribute that holds no script.</param>
/// <param name="Url">A simple pattern of the pages that it applies to; empty: those of the experiment.</param>
public sealed record PageChange(string Selector, PageAction Action, string Attribute, string Value = "", string Url = "");

public enum PageAction
{
    /// <summary>Replaces the attribute's value.</summary>
    Set = 1,

    /// <summary>Adds to the attribute's value: classes, or text at the end.</summary>
    Append = 2,

    /// <summary>Takes the value away from the attribute, or the attribute from the element where no value is given.</summary>
    Remove = 3,
}

/// <summary>What a multivariate experiment varies, with 2 or more levels.</summary>
public sealed record Factor(string Key, ImmutableArray<FactorLevel> Levels);

/// <param name="ConfigJson">A JSON value in UTF-8; empty if none.</param>
public sealed record FactorLevel(string Key, ReadOnlyMemory<byte> ConfigJson = default);

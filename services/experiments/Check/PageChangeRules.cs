using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>What a variant may change in pages: elements and style, never a script.</summary>
internal static class PageChangeRules
{
    private const int MaxChanges = 100;

    public static void Check(PageChangesRequest request, string field, FieldProblems problems)
    {
        problems.Text(request.Css, $"{field}.css", 20_000);
        if (request.Redirect is { } redirect && !IsPage(redirect))
        {
            problems.Add("invalid_url", $"{field}.redirect", "redirect must be an absolute http or https address without credentials, of at most 2000 characters");
        }

        if (request is { Redirect: not null } && (request.Changes is { Count: > 0 } || request.Css is { Length: > 0 }))
        {
            problems.Add("not_allowed", $"{field}.redirect", "a page that is left cannot be changed as well");
        }

        if (!problems.Items(request.Changes, $"{field}.changes", MaxChanges)) return;
        for (var i = 0; i < request.Changes!.Count; i++) Check(request.Changes[i]!, $"{field}.changes[{i}]", problems);
    }

    public static PageAction? ActionOf(string? name) => name switch
    {
        "set" => PageAction.Set,
        "append" => PageAction.Append,
        "remove" => PageAction.Remove,
        _ => null,
    };

    private static void Check(PageChangeRequest change, string field, FieldProblems problems)
    {
        if (string.IsNullOrWhiteSpace(change.Selector)) problems.Missing($"{field}.selector");
        problems.Text(change.Selector, $"{field}.selector", 500);
        if (ActionOf(change.Action) is null) problems.Add("out_of_range", $"{field}.action", "action must be set, append or remove");
        else if (change.Action != "remove" && change.Value is null) problems.Missing($"{field}.value");
        problems.Text(change.Value, $"{field}.value", 10_000);
        if (!IsAttribute(change.Attribute)) problems.Add("out_of_range", $"{field}.attribute", "attribute must be html, class, style or the name of an attribute that holds no script");
        MembershipRules.Pattern(UrlPatternType.Simple, change.Url, $"{field}.url", problems);
    }

    private static bool IsAttribute(string? name) =>
        name is { Length: > 0 and <= 100 }
        && char.IsAsciiLetter(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or ':' or '.')
        && !name.StartsWith("on", StringComparison.OrdinalIgnoreCase);

    private static bool IsPage(string url) =>
        url.Length <= 2_000
        && Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && uri.Scheme is ("http" or "https")
        && uri.UserInfo.Length == 0;
}

using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide.Governance;

/// <summary>Why something needs a second pair of eyes.</summary>
internal sealed record RiskReason(string Code, string Text);

/// <summary>Which changes are risky by a site's rules. Pure.</summary>
internal static class Risk
{
    /// <param name="share">The share of all units that the change reaches, 0 to 1.</param>
    /// <param name="hasGuardrail">Whether one of its metrics is a guardrail.</param>
    public static IReadOnlyList<RiskReason> Of(ApprovalRules rules, ExperimentRequest definition, double share, bool hasGuardrail)
    {
        var reasons = new List<RiskReason>();
        if (rules.Always == true) reasons.Add(new RiskReason("always", "this site has every experiment approved"));
        if (rules.MaxTrafficShare is { } max && share > max)
        {
            reasons.Add(new RiskReason("traffic_share", FormattableString.Invariant($"it reaches {share:0.###} of the units, and more than {max:0.###} needs an approval")));
        }

        if (rules.RequireGuardrail == true && !hasGuardrail) reasons.Add(new RiskReason("no_guardrail", "none of its metrics is a guardrail"));
        if (RiskyPage(rules, definition) is { } page) reasons.Add(new RiskReason("risky_page", $"it may run on {page}"));
        return reasons;
    }

    /// <summary>The share of units that may take part: coverage, within what its layers leave.</summary>
    public static double ShareOf(ExperimentRequest definition, double? coverage = null) => (definition.Layers ?? []).Aggregate(
        coverage ?? definition.Coverage ?? 1, (share, layer) => share * (layer!.Share ?? layer.Ranges?.Sum(r => r![1] - r[0]) ?? 1));

    private static string? RiskyPage(ApprovalRules rules, ExperimentRequest definition)
    {
        var pages = Pages(definition).ToList();
        return (rules.RiskyPages ?? []).FirstOrDefault(risky => pages.Exists(p => PathGlob.Overlap(PathGlob.Of(risky!), p)));
    }

    /// <summary>Where it may run or lead to, as patterns of paths. A regular expression, and no pattern at all, may be any page.</summary>
    private static IEnumerable<string> Pages(ExperimentRequest definition)
    {
        var included = (definition.UrlPatterns ?? []).Where(p => p!.Include != false).ToList();
        if (included.Count == 0) yield return "*";
        foreach (var pattern in included) yield return pattern!.Type == "simple" ? PathGlob.Of(pattern.Pattern!) : "*";
        foreach (var changes in definition.Variants!.Select(v => v!.PageChanges).OfType<PageChangesRequest>())
        {
            if (!string.IsNullOrEmpty(changes.Redirect)) yield return PathGlob.Of(changes.Redirect);
            foreach (var url in (changes.Changes ?? []).Select(c => c!.Url).Where(u => !string.IsNullOrEmpty(u))) yield return PathGlob.Of(url!);
        }
    }
}

using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Check;

/// <summary>What each kind of experiment must have, and what it cannot have.</summary>
internal static class KindRules
{
    /// <param name="request">Complete: variants that a kind makes itself have been made.</param>
    public static void Check(ExperimentRequest request, FieldProblems problems)
    {
        var kind = ExperimentKinds.Parse(request.Kind ?? "ab")!.Value;
        var variants = request.Variants!.Select(v => v!).ToList();
        if (kind != ExperimentKind.Multivariate)
        {
            problems.Refuse(request.Factors is not null, "factors", "only a multivariate experiment has factors");
            problems.Refuse(request.Design is not null, "design", "only a multivariate experiment has a design");
            problems.Refuse(variants.Exists(v => v.Levels is not null), "variants", "only variants of a multivariate experiment have levels");
        }

        var pagesOfChanges = variants.Exists(v => v.PageChanges?.Changes?.Any(c => c!.Url is not null) == true);
        problems.Refuse(
            pagesOfChanges && request.UrlPatterns?.Any(p => p!.Include != false) == true,
            "url_patterns",
            "either the experiment names its pages, or each change names its own");
        if (kind != ExperimentKind.Holdout) problems.Refuse(request.Holdout is not null, "holdout", "only a holdout has a share that it holds out");
        if (request.Assignment == "external") RefuseForExternal(request, kind, problems);
        switch (kind)
        {
            case ExperimentKind.Multivariate:
                CheckLevels(request, variants, problems);
                break;
            case ExperimentKind.Bandit:
                problems.Refuse(request.Sticky == false, "sticky", "a bandit keeps units where they were");
                break;
            case ExperimentKind.SplitUrl:
                if (request.UrlPatterns is not { Count: > 0 }) problems.Missing("url_patterns");
                if (variants.Exists(v => v.PageChanges?.Redirect is null)) problems.Add("missing", "variants", "every variant of a split_url experiment needs page_changes.redirect");
                break;
            case ExperimentKind.Journey:
                CheckJourney(variants, problems);
                break;
            case ExperimentKind.Rollout:
                if (variants is not [{ Control: not false, Weight: null or 0 }, { Control: not true, Weight: null or 1 }])
                {
                    problems.Add("out_of_range", "variants", "a rollout has two variants, off and on; coverage says how far it is on");
                }

                break;
            case ExperimentKind.Holdout:
                CheckHoldout(request, problems);
                break;
            case ExperimentKind.Aa:
                if (variants.Exists(v => !IsSame(v.Config, variants[0].Config) || v.PageChanges is not null))
                {
                    problems.Add("out_of_range", "variants", "variants of an aa experiment are the same in all but their keys");
                }

                break;
        }
    }

    private static void CheckLevels(ExperimentRequest request, List<VariantRequest> variants, FieldProblems problems)
    {
        if (request.Factors is not { Count: >= 2 and <= 6 })
        {
            problems.Add("out_of_range", "factors", "a multivariate experiment has 2 to 6 factors");
            return;
        }

        for (var i = 0; i < variants.Count; i++)
        {
            var levels = variants[i].Levels;
            var fits = levels is not null && levels.Count == request.Factors.Count
                && request.Factors.All(f => levels.TryGetValue(f!.Key!, out var level) && f.Levels!.Any(l => l!.Key == level));
            if (!fits) problems.Add("out_of_range", $"variants[{i}].levels", "each variant names one level of every factor");
        }

        if (problems.All.Count > 0) return;
        var combinations = variants.Select(v => string.Join('|', request.Factors.Select(f => v.Levels![f!.Key!])));
        if (combinations.Distinct().Count() < variants.Count) problems.Add("duplicate_key", "variants", "two variants have the same levels");
    }

    private static void CheckJourney(List<VariantRequest> variants, FieldProblems problems)
    {
        var pages = variants.SelectMany(v => v.PageChanges?.Changes ?? []).Select(c => c!.Url).ToList();
        if (pages.Contains(null)) problems.Add("missing", "variants", "every page change of a journey needs its url");
        else if (pages.Distinct().Count() < 2) problems.Add("out_of_range", "variants", "a journey changes at least two pages");
    }

    private static void CheckHoldout(ExperimentRequest request, FieldProblems problems)
    {
        const string Reason = "a holdout is a share of all units and nothing else";
        if (request.Holdout is null) problems.Missing("holdout");
        problems.Refuse(request.Coverage is not (null or 1), "coverage", Reason);
        problems.Refuse(request.Targeting is not null, "targeting", Reason);
        problems.Refuse(request.Assignment == "external", "assignment", Reason);
        RefuseMembership(request, problems, Reason);
    }

    private static void RefuseForExternal(ExperimentRequest request, ExperimentKind kind, FieldProblems problems)
    {
        const string Reason = "who takes part is not ours to decide where the assignment is external";
        problems.Refuse(kind == ExperimentKind.Bandit, "kind", Reason);
        RefuseMembership(request, problems, Reason);
    }

    private static void RefuseMembership(ExperimentRequest request, FieldProblems problems, string reason)
    {
        problems.Refuse(request.Sticky == true, "sticky", reason);
        problems.Refuse(request.Forced is { Count: > 0 }, "forced", reason);
        problems.Refuse(request.Layers is { Count: > 0 }, "layers", reason);
        problems.Refuse(request.Holdouts is { Count: > 0 }, "holdouts", reason);
        problems.Refuse(request.Prerequisites is { Count: > 0 }, "prerequisites", reason);
        problems.Refuse(request.UrlPatterns is { Count: > 0 }, "url_patterns", reason);
        problems.Refuse(request.Schedule is not null, "schedule", reason);
    }

    private static bool IsSame(JsonElement? a, JsonElement? b) =>
        a is { } x && b is { } y ? JsonElement.DeepEquals(x, y) : a is null && b is null;
}

using System.Text.Json;

namespace CroPlatform.Experimentation.Evaluation;

/// <summary>
/// An experiment that changes pages, as the ones that a browser's SDK runs by itself: one for each set of pages, all of the same key, so
/// that they are one experiment to whoever counts.
/// </summary>
internal static class SdkPageExperiments
{
    private static readonly UrlPattern[] Everywhere = [new(UrlPatternType.Simple, "*")];

    public static void Write(Utf8JsonWriter json, CompiledExperiment compiled, DateTimeOffset time)
    {
        var experiment = compiled.Experiment;
        if (experiment.Status != ExperimentStatus.Running || experiment.Schedule?.Holds(time) == false) return;
        if (experiment.Variants.All(v => v.PageChanges is null)) return;
        var pages = experiment.Variants.SelectMany(v => v.PageChanges?.Changes ?? []).Select(c => c.Url).Append("").Distinct();
        foreach (var page in pages.Where(p => p.Length > 0 || ChangesAnywhere(experiment))) Write(json, compiled, page);
    }

    /// <summary>Whether anything is changed on the pages of the experiment itself, not only on those that single changes name.</summary>
    private static bool ChangesAnywhere(Experiment experiment) => experiment.Variants.Any(v =>
        v.PageChanges is { } changes && (changes.Css.Length > 0 || changes.Redirect.Length > 0 || changes.Changes.Any(c => c.Url.Length == 0)));

    private static void Write(Utf8JsonWriter json, CompiledExperiment compiled, string page)
    {
        var experiment = compiled.Experiment;
        json.WriteStartObject();
        new SdkRule(compiled).WriteAssignment(json);
        json.WriteString("changeId", $"{experiment.Key}:{page}");
        json.WriteBoolean("persistQueryString", true);
        WriteCondition(json, compiled);
        WritePages(json, experiment, page);
        json.WriteStartArray("variations");
        foreach (var variant in experiment.Variants) WriteChanges(json, variant.PageChanges, page);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Testers' units take no part, and an experiment on its own has no rules that could force them.</summary>
    private static void WriteCondition(Utf8JsonWriter json, CompiledExperiment compiled)
    {
        var experiment = compiled.Experiment;
        if (compiled.Targeting is null && experiment.Forced.IsEmpty) return;
        json.WriteStartObject("condition");
        json.WriteStartArray("$and");
        if (compiled.Targeting is not null) json.WriteRawValue(experiment.CurrentPhase.TargetingJson.Span);
        if (!experiment.Forced.IsEmpty) SdkRule.WriteUnits(json, experiment.Unit, "$nin", experiment.Forced.Select(f => f.UnitId));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePages(Utf8JsonWriter json, Experiment experiment, string page)
    {
        IEnumerable<UrlPattern> patterns = page.Length > 0
            ? experiment.UrlPatterns.Where(p => !p.Include).Prepend(new UrlPattern(UrlPatternType.Simple, page))
            : experiment.UrlPatterns.IsEmpty ? Everywhere : experiment.UrlPatterns;
        json.WriteStartArray("urlPatterns");
        foreach (var pattern in patterns)
        {
            json.WriteStartObject();
            json.WriteBoolean("include", pattern.Include);
            json.WriteString("type", pattern.Type == UrlPatternType.Regex ? "regex" : "simple");
            json.WriteString("pattern", pattern.Pattern);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteChanges(Utf8JsonWriter json, PageChanges? changes, string page)
    {
        json.WriteStartObject();
        if (changes is not null)
        {
            if (page.Length == 0 && changes.Redirect.Length > 0) json.WriteString("urlRedirect", changes.Redirect);
            if (page.Length == 0 && changes.Css.Length > 0) json.WriteString("css", changes.Css);
            json.WriteStartArray("domMutations");
            foreach (var change in changes.Changes.Where(c => c.Url == page)) Write(json, change);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PageChange change)
    {
        json.WriteStartObject();
        json.WriteString("selector", change.Selector);
        json.WriteString("action", change.Action switch
        {
            PageAction.Append => "append",
            PageAction.Remove => "remove",
            _ => "set",
        });
        json.WriteString("attribute", change.Attribute);
        if (change.Action != PageAction.Remove || change.Value.Length > 0) json.WriteString("value", change.Value);
        json.WriteEndObject();
    }
}

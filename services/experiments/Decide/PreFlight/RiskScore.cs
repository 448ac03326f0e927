using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide.PreFlight;

/// <summary>How much can go wrong, as a sum of named points. Pure.</summary>
internal static class RiskScore
{
    private const double MuchTraffic = 0.5;
    private const double LongDays = 30;

    private static readonly string[] DelicateTags = ["risky", "checkout", "pricing"];

    public static RiskView Of(PreFlightInput input, double share, IReadOnlyList<PowerView> power, IReadOnlyList<OverlapView> overlaps)
    {
        var definition = input.Experiment.Definition;
        var points = new List<RiskPoint>();
        if (share > MuchTraffic) points.Add(new("traffic_share", 25, FormattableString.Invariant($"it reaches {share:0.#%} of the units at once; a ramp by coverage would show harm earlier")));
        if (input.Metrics.All(m => m?.Guardrail != true)) points.Add(new("no_guardrail", 25, "no guardrail would stop it"));
        if (IsDelicate(definition)) points.Add(new("delicate_page", 20, "it touches money: checkout or prices"));
        if (definition.Variants!.Any(v => v!.PageChanges?.Redirect is { Length: > 0 })) points.Add(new("redirect", 10, "it sends visitors elsewhere, which costs time and can break links"));
        if (overlaps.Any(o => o.SharedMetrics.Count > 0)) points.Add(new("overlap", 10, "another experiment on the same units measures the same"));
        if (power.Any(p => p.Days > LongDays)) points.Add(new("long", 10, "it needs more than 30 days, in which much else changes"));
        if (definition.Prerequisites is { Count: > 0 }) points.Add(new("prerequisites", 5, "who takes part depends on other experiments"));
        var score = Math.Min(100, points.Sum(p => p.Points));
        return new RiskView(score, score < 30 ? "low" : score < 60 ? "medium" : "high", points);
    }

    private static bool IsDelicate(ExperimentRequest definition) =>
        (definition.Tags ?? []).Any(t => DelicateTags.Contains(t))
        || (definition.UrlPatterns ?? []).Any(p => p!.Include != false && DelicateTags.Any(d => p.Pattern!.Contains(d, StringComparison.OrdinalIgnoreCase)));
}

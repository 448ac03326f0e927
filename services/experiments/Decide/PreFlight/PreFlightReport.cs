namespace CroPlatform.Services.Experiments.Decide.PreFlight;

/// <summary>What is to be known before an experiment starts.</summary>
/// <param name="Ready">No check is a blocker: it would start.</param>
internal sealed record PreFlightReport(
    string Experiment,
    bool Ready,
    DateTimeOffset AsOf,
    IReadOnlyList<PreFlightCheck> Checks,
    TrafficView? Traffic,
    IReadOnlyList<PowerView> Power,
    IReadOnlyList<OverlapView> Overlaps,
    RiskView Risk);

/// <param name="Level">ok, info, warning or blocker.</param>
/// <param name="Field">The member of the definition that it is about, if one is.</param>
internal sealed record PreFlightCheck(string Code, string Level, string Text, string? Field = null);

/// <param name="UnitsPerDay">New units of the experiment's type a day, over the last days.</param>
/// <param name="Share">The share of them that may take part: coverage within its layers, holdouts aside. Targeting is not known beforehand.</param>
/// <param name="ParticipantsPerDay">The product of both.</param>
/// <param name="Days">The days that were looked at.</param>
internal sealed record TrafficView(double UnitsPerDay, double Share, double ParticipantsPerDay, double Days);

/// <summary>What one metric needs. What cannot be computed is null and named in <paramref name="Missing"/>.</summary>
/// <param name="Baseline">The mean of one unit over the last days; of a ratio, the ratio.</param>
/// <param name="RelativeEffect">The effect planned for: the experiment's min_effect, or 0.05.</param>
/// <param name="Units">In all arms together, for 80 % power at the experiment's confidence.</param>
/// <param name="Days">Until so many took part.</param>
/// <param name="DetectableEffect">The least relative effect that max_days, or 14 days, would find.</param>
internal sealed record PowerView(
    string Metric, string Kind, double? Baseline, double? StandardDeviation, double RelativeEffect, double? Units, double? Days, double? DetectableEffect, IReadOnlyDictionary<string, string> Missing);

/// <param name="Share">The share of this experiment's units that are in the other one, too.</param>
/// <param name="SharedMetrics">Metrics that both measure.</param>
internal sealed record OverlapView(string Experiment, double Share, IReadOnlyList<string> SharedMetrics);

/// <param name="Score">0 to 100.</param>
/// <param name="Level">low below 30, medium below 60, else high.</param>
internal sealed record RiskView(int Score, string Level, IReadOnlyList<RiskPoint> Reasons);

internal sealed record RiskPoint(string Code, int Points, string Text);

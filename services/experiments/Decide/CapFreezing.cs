using System.Globalization;
using CroPlatform.Contracts.Statistics;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Decide.Life;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>
/// Pins percentile caps that statistics has found into a version: from then on they are numbers like any other, and the log gives the same
/// results however often it is read. Pure.
/// </summary>
internal static class CapFreezing
{
    /// <summary>The caps that fit metrics of this version which have none yet.</summary>
    public static IReadOnlyList<FrozenCap> Open(Experiment live, IEnumerable<FrozenCap> found) =>
        [.. found.Where(cap => cap.AnalysisRevision == live.AnalysisRevision && cap.CapE4 > 0 && live.Metrics.Any(m => m.IsCapOpen && m.Key == cap.Metric))];

    /// <summary>The next version, in another analysis revision, since every unit is counted anew.</summary>
    public static Experiment Apply(Experiment live, IReadOnlyList<FrozenCap> caps, long nowMs) => Versions.Next(live, nowMs) with
    {
        AnalysisRevision = live.AnalysisRevision + 1,
        Metrics = [.. live.Metrics.Select(m => caps.FirstOrDefault(c => c.Metric == m.Key) is { } cap ? m with { CapE4 = cap.CapE4 } : m)],
    };

    /// <summary>As the audit log tells it.</summary>
    public static string Reason(Experiment live, IReadOnlyList<FrozenCap> caps) => string.Join("; ", caps.Select(cap => string.Create(
        CultureInfo.InvariantCulture,
        $"{cap.Metric} is capped at {Scaled.ToDouble(cap.CapE4)}, percentile {live.Metrics.First(m => m.Key == cap.Metric).CapPercentile} of {cap.Units} units of all variants")));
}

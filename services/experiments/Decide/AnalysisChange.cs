using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>Other metrics or windows for an experiment that runs: a new analysis revision, over all of its time. Pure.</summary>
internal static class AnalysisChange
{
    /// <summary>
    /// What nobody measures is remembered for a while only: a new event can be counted from the start on only while that lies nearer, with a day for
    /// the way. Covariates reach further back: such a metric has none.
    /// </summary>
    private static readonly TimeSpan Remembered = UnitHistory.IdMemory - TimeSpan.FromDays(1);

    /// <summary>
    /// Facts of users, accounts and devices are routed from the moment on that the router has heard of the new version: units that were exposed before may
    /// lack some.
    /// </summary>
    private const long RoutingMs = 60_000;

    /// <summary>
    /// The metrics as they are pinned into the running experiment. One that counts as it did keeps the cap that was frozen for it and what is known of its
    /// beginning. One whose events were kept from the start on is counted anew from there; any other one from now on.
    /// </summary>
    public static IReadOnlyList<Metric> Pin(Experiment live, IReadOnlyList<Metric> metrics, long nowMs) =>
        [.. metrics.Select(metric => WithFrozenCap(live, WithBeginning(live, metric, nowMs)))];

    /// <summary>Whether these metrics are in force already.</summary>
    public static FieldProblem? Problem(Experiment live, IReadOnlyList<Metric> pinned) =>
        (live with { Metrics = [.. pinned] }).ToWire().Equals(live.ToWire()) ? new FieldProblem("missing", "metrics", "nothing would change: these metrics are in force") : null;

    /// <summary>Leaves the version's number to the caller: a phase may begin with it.</summary>
    public static Experiment Apply(Experiment next, IReadOnlyList<Metric> pinned) => next with { Metrics = [.. pinned], AnalysisRevision = next.AnalysisRevision + 1 };

    private static Metric WithBeginning(Experiment live, Metric metric, long nowMs)
    {
        var same = live.Metrics.FirstOrDefault(m => m.Key == metric.Key && m.Events.ToHashSet().SetEquals(metric.Events));
        var from = metric.Events.Max(e => KeptFrom(live, e, nowMs));
        // Covariates reach back further than the start: they are there where the events were measured from the start on.
        var isWhole = metric.Events.All(e => live.Metrics.Any(m => m.AddedMs == 0 && m.Events.Contains(e)));
        return metric with { AddedMs = same is null ? nowMs : same.AddedMs, CountsFromMs = from, CovariateDays = isWhole ? metric.CovariateDays : 0 };
    }

    /// <summary>From which moment on events of this type are there, 0: from the start.</summary>
    private static long KeptFrom(Experiment live, string type, long nowMs)
    {
        var measuring = live.Metrics.Where(m => m.Events.Contains(type)).ToList();
        if (measuring.Count > 0) return measuring.Min(m => m.CountsFromMs);
        if (live.Unit != UnitTypes.Visitor) return nowMs + RoutingMs;
        return nowMs - live.StartedMs <= Remembered.TotalMilliseconds ? 0 : nowMs;
    }

    private static Metric WithFrozenCap(Experiment live, Metric metric)
    {
        if (!metric.IsCapOpen || live.Metrics.FirstOrDefault(m => m.Key == metric.Key) is not { CapE4: { } cap } before) return metric;
        // What it is called, how it is weighed and what is compared with it has nothing to do with its outcomes.
        var asBefore = metric with
        {
            CapE4 = cap,
            Name = before.Name,
            Decrease = before.Decrease,
            Guardrail = before.Guardrail,
            Margin = before.Margin,
            Weight = before.Weight,
            CovariateDays = before.CovariateDays,
        };
        return MetricMapping.ToWire(asBefore).Equals(MetricMapping.ToWire(before)) ? metric with { CapE4 = cap } : metric;
    }
}

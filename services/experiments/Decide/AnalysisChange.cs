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

    /// <summary>Why the experiment cannot be analysed by these metrics from its start on, or null.</summary>
    public static FieldProblem? Problem(Experiment live, IReadOnlyList<Metric> metrics, long nowMs)
    {
        if ((live with { Metrics = [.. metrics] }).ToWire().Equals(live.ToWire())) return new FieldProblem("missing", "metrics", "nothing would change: these metrics are in force");
        var measured = live.Metrics.SelectMany(m => m.Events).ToHashSet();
        var at = metrics.ToList().FindIndex(m => !m.Events.All(measured.Contains));
        if (at < 0) return null;
        var missing = metrics[at].Events.First(e => !measured.Contains(e));
        if (live.Unit != UnitTypes.Visitor)
        {
            return Conflict(at, $"events of the type '{missing}' were not kept under the experiment's unit; only what it measures already can be measured differently");
        }

        return nowMs - live.StartedMs <= Remembered.TotalMilliseconds
            ? null
            : Conflict(at, $"events of the type '{missing}' of its first days are not kept any more; start a new experiment to measure them");
    }

    /// <summary>The metrics with the percentile caps that were frozen for them while they counted the same.</summary>
    public static IReadOnlyList<Metric> WithFrozenCaps(Experiment live, IReadOnlyList<Metric> metrics) => [.. metrics.Select(metric =>
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
    })];

    /// <summary>Leaves the version's number to the caller: a phase may begin with it.</summary>
    public static Experiment Apply(Experiment next, IReadOnlyList<Metric> metrics)
    {
        var measured = next.Metrics.SelectMany(m => m.Events).ToHashSet();
        return next with
        {
            Metrics = [.. metrics.Select(m => m.Events.All(measured.Contains) ? m : m with { CovariateDays = 0 })],
            AnalysisRevision = next.AnalysisRevision + 1,
        };
    }

    private static FieldProblem Conflict(int at, string message) => new("conflict", $"metrics[{at}].key", message);
}

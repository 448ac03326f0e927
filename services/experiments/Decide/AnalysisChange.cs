using CroPlatform.Contracts;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>Other metrics or windows for an experiment that runs: a new analysis revision, over all of its time. Pure.</summary>
internal static class AnalysisChange
{
    /// <summary>
    /// What nobody measured was remembered for a week only (docs/architecture.md, the id memory): a new event can be counted from the start on only
    /// while the start is nearer than that, with a day for the way.
    /// </summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(6);

    /// <summary>Why the experiment cannot be analysed by these metrics from its start on, or null.</summary>
    public static FieldProblem? Problem(Experiment live, IReadOnlyList<Metric> metrics, long nowMs)
    {
        if ((live with { Metrics = [.. metrics] }).ToWire().Equals(live.ToWire())) return new FieldProblem("missing", "metrics", "nothing would change: these metrics are in force");
        var measured = live.Metrics.Select(m => m.Event).ToHashSet();
        var at = metrics.ToList().FindIndex(m => !measured.Contains(m.Event));
        if (at < 0) return null;
        if (live.Unit != UnitTypes.Visitor)
        {
            return Conflict(at, $"events of the type '{metrics[at].Event}' were not kept under the experiment's unit; only what it measures already can be measured differently");
        }

        return nowMs - live.StartedMs <= Remembered.TotalMilliseconds
            ? null
            : Conflict(at, $"events of the type '{metrics[at].Event}' of its first days are not kept any more; start a new experiment to measure them");
    }

    /// <summary>Leaves the version's number to the caller: a phase may begin with it.</summary>
    public static Experiment Apply(Experiment next, IReadOnlyList<Metric> metrics) => next with { Metrics = [.. metrics], AnalysisRevision = next.AnalysisRevision + 1 };

    private static FieldProblem Conflict(int at, string message) => new("conflict", $"metrics[{at}].key", message);
}

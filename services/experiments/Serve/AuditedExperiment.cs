using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Decide.Life;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Serve;

/// <summary>An experiment as the audit log keeps it.</summary>
/// <param name="Version">The published version; 0: none.</param>
/// <param name="Definition">As it was asked for; null where it did not change.</param>
/// <param name="Phase">The probabilities in force; null before the start.</param>
/// <param name="Metrics">The metrics in force; null before the start.</param>
internal sealed record AuditedExperiment(
    string Status, int Version, ExperimentRequest? Definition, PhaseView? Phase, IReadOnlyList<AuditedMetric>? Metrics, ServedView? Served, Plan? Planned)
{
    private static readonly Dictionary<string, string> Actions = new()
    {
        ["Revise"] = "revised",
        ["Submit"] = "submitted",
        ["Approve"] = "approved",
        ["Reject"] = "rejected",
        ["Withdraw"] = "withdrawn",
        ["Schedule"] = "scheduled",
        ["Start"] = "started",
        ["Pause"] = "paused",
        ["Resume"] = "resumed",
        ["Change"] = "changed",
        ["FreezeCaps"] = "caps_frozen",
        ["Decide"] = "closed",
        ["Stop"] = "stopped",
        ["RollOut"] = "rolled_out",
        ["RollBack"] = "rolled_back",
        ["Undo"] = "undone",
        ["Archive"] = "archived",
    };

    /// <summary>What the audit log calls a command of the machine.</summary>
    public static string Action(string @event) => "experiment." + Actions[@event];

    public static AuditedExperiment Of(StoredExperiment stored, bool withDefinition) => new(
        stored.Status,
        stored.Published?.Version ?? 0,
        withDefinition ? stored.Definition : null,
        stored.Published is { } published ? PhaseView.Of(published, published.CurrentPhase) : null,
        stored.Published?.Metrics.Select(m => new AuditedMetric(m.Key, m.Weight, m.CapE4 is { } cap ? Scaled.ToDouble(cap) : null)).ToList(),
        stored.Published?.Served is { } served ? new ServedView(served.Variant, served.Share) : null,
        stored.Plan);
}

/// <param name="Cap">Given, or a percentile that was frozen; null: none.</param>
internal sealed record AuditedMetric(string Key, double Weight, double? Cap);

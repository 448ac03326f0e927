using CroPlatform.Experimentation.Evaluation;

namespace CroPlatform.Services.Assignment.Decide;

internal static class ReasonNames
{
    public static string Of(AssignmentReason reason) => reason switch
    {
        AssignmentReason.Split => "split",
        AssignmentReason.Targeting => "targeting",
        AssignmentReason.Coverage => "coverage",
        AssignmentReason.NoUnit => "no_unit",
        AssignmentReason.NotRunning => "not_running",
        AssignmentReason.UnknownExperiment => "unknown_experiment",
        AssignmentReason.Stale => "stale",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "has no name on the wire"),
    };
}

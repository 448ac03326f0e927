namespace CroPlatform.Experimentation.Evaluation;

/// <summary>The reasons' names on the wire.</summary>
public static class ReasonNames
{
    public static string Of(AssignmentReason reason) => reason switch
    {
        AssignmentReason.Split => "split",
        AssignmentReason.Sticky => "sticky",
        AssignmentReason.Forced => "forced",
        AssignmentReason.Targeting => "targeting",
        AssignmentReason.Coverage => "coverage",
        AssignmentReason.Layer => "layer",
        AssignmentReason.Holdout => "holdout",
        AssignmentReason.Prerequisite => "prerequisite",
        AssignmentReason.NoUnit => "no_unit",
        AssignmentReason.NotRunning => "not_running",
        AssignmentReason.UnknownExperiment => "unknown_experiment",
        AssignmentReason.Stale => "stale",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "has no name on the wire"),
    };
}

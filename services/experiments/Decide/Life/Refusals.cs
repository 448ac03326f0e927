using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Decide.Life;

/// <summary>Why a command that the state allows is refused all the same. Pure.</summary>
internal static class Refusals
{
    private static readonly double[] Steps = [0.1, 0.5, 1];

    /// <summary>Units that a holdout let go for a while would be neither held out nor not.</summary>
    public static FieldProblem? Pause(Experiment experiment) =>
        experiment.Kind == ExperimentKind.Holdout ? Conflict(null, "a holdout cannot pause") : null;

    /// <summary>Whoever ends an experiment ends a holdout: experiments that leave its units alone have pinned it.</summary>
    public static FieldProblem? Stop(Experiment experiment, IReadOnlyList<StoredExperiment> others)
    {
        var user = others.FirstOrDefault(o => o.Status is "running" or "paused" && o.Published!.Holdouts.Any(h => h.Experiment == experiment.Key));
        return user is null ? null : Conflict(null, $"experiment '{user.Key}' leaves the units of this holdout alone; stop it first");
    }

    public static FieldProblem? RollBack(Experiment experiment, string status) =>
        status == "completed" && experiment.Served is null ? Conflict(null, "nothing is rolled out: everybody has the control") : null;

    public static FieldProblem? Undo(ExperimentLife life) =>
        life.Steps.IsEmpty ? Conflict(null, "there is no roll-out step or roll-back to take back") : null;

    /// <summary>What a roll-out is to serve: the variant and share that were asked for, or the next step.</summary>
    public static (Served? Served, FieldProblem? Problem) RollOut(Experiment experiment, RollOutRequest request)
    {
        if (experiment.Kind == ExperimentKind.Holdout) return (null, Conflict(null, "a holdout has nothing to roll out"));
        if (request is { Share: not null, Step: not null }) return (null, new FieldProblem("not_allowed", "step", "give a share or a step"));
        if (request.Step is < 1 or > 3) return (null, new FieldProblem("out_of_range", "step", "step must be 1, 2 or 3: 10, 50 or 100 %"));
        if (request.Share is { } asked && !(asked is > 0 and <= 1)) return (null, new FieldProblem("out_of_range", "share", "share must lie above 0 and at most 1"));
        var (variant, problem) = Variant(experiment, request.Variant);
        if (variant is null) return (null, problem);
        var served = experiment.Served?.Share ?? 0;
        var share = request.Share ?? (request.Step is { } step ? Steps[step - 1] : Steps.FirstOrDefault(s => s > served, 1));
        return share > served
            ? (new Served(variant, share), null)
            : (null, Conflict(request.Step is null ? "share" : "step", $"'{variant}' is served to {served:0.###} of the units already; a step leads further, undo and roll-back lead back"));
    }

    private static (string? Variant, FieldProblem? Problem) Variant(Experiment experiment, string? asked)
    {
        if (experiment.Served is { } served)
        {
            return asked is null || asked == served.Variant
                ? (served.Variant, null)
                : (null, Conflict("variant", $"'{served.Variant}' is being rolled out; roll it back first"));
        }

        if (asked is null && experiment.Variants.Length > 2) return (null, new FieldProblem("missing", "variant", "variant is required: there are several treatments"));
        var variant = asked ?? experiment.Variants[1 - experiment.Control].Key;
        return experiment.IndexOfVariant(variant) switch
        {
            < 0 => (null, new FieldProblem("unknown_variant", "variant", $"there is no variant '{variant}'")),
            var index when index == experiment.Control => (null, Conflict("variant", "the control is what everybody has without a roll-out")),
            _ => (variant, null),
        };
    }

    private static FieldProblem Conflict(string? field, string message) => new("conflict", field, message);
}

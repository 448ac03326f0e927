using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Store;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>What each command makes of a published experiment: every transition is a new immutable version. Pure.</summary>
internal static class LifeCycle
{
    public static Experiment Pause(Experiment running, long nowMs) => Next(Close(running, nowMs), nowMs) with { Status = ExperimentStatus.Paused };

    /// <summary>Goes on with the same probabilities, so within the same phase.</summary>
    public static Experiment Resume(Experiment paused, long nowMs)
    {
        var phase = paused.CurrentPhase;
        var resumed = phase with { Periods = phase.Periods.Add(new Period(nowMs, 0)) };
        return Next(paused, nowMs) with { Status = ExperimentStatus.Running, Phases = paused.Phases.SetItem(paused.Phases.Length - 1, resumed) };
    }

    public static Experiment Stop(Experiment experiment, long nowMs) =>
        Next(Close(experiment, nowMs), nowMs) with { Status = ExperimentStatus.Completed, StoppedMs = nowMs };

    /// <summary>Why it has to run on, or null. Units that a holdout let go for a while would be neither held out nor not.</summary>
    public static FieldProblem? CannotPause(Experiment experiment) =>
        experiment.Kind == ExperimentKind.Holdout ? new FieldProblem("conflict", null, "a holdout cannot pause") : null;

    /// <summary>Why it cannot be stopped yet, or null: experiments that leave a holdout's units alone have pinned it.</summary>
    public static FieldProblem? CannotStop(Experiment experiment, IReadOnlyList<StoredExperiment> others)
    {
        var user = others.FirstOrDefault(o => o.Status is "running" or "paused" && o.Published!.Holdouts.Any(h => h.Experiment == experiment.Key));
        return user is null ? null : new FieldProblem("conflict", null, $"experiment '{user.Key}' leaves the units of this holdout alone; stop it first");
    }

    private static Experiment Next(Experiment experiment, long nowMs) => experiment with { Version = experiment.Version + 1, EffectiveMs = nowMs };

    private static Experiment Close(Experiment experiment, long nowMs) =>
        experiment with { Phases = experiment.Phases.SetItem(experiment.Phases.Length - 1, experiment.CurrentPhase.Closed(nowMs)) };
}

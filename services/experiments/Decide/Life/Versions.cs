using CroPlatform.Experimentation;

namespace CroPlatform.Services.Experiments.Decide.Life;

/// <summary>What each transition makes of a published experiment: always a new immutable version. Its status is set by the state that is entered. Pure.</summary>
internal static class Versions
{
    public static Experiment Pause(Experiment running, long nowMs) => Next(Close(running, nowMs), nowMs);

    /// <summary>Goes on with the same probabilities, so within the same phase.</summary>
    public static Experiment Resume(Experiment paused, long nowMs)
    {
        var phase = paused.CurrentPhase;
        var resumed = phase with { Periods = phase.Periods.Add(new Period(nowMs, 0)) };
        return Next(paused, nowMs) with { Phases = paused.Phases.SetItem(paused.Phases.Length - 1, resumed) };
    }

    /// <summary>Takes no units any more. It is stopped once: windows that end with the stop end then, and units mature.</summary>
    public static Experiment Stop(Experiment experiment, long nowMs) =>
        Next(Close(experiment, nowMs), nowMs) with { StoppedMs = experiment.StoppedMs > 0 ? experiment.StoppedMs : nowMs };

    /// <param name="served">Null: everybody has the control.</param>
    public static Experiment Serve(Experiment experiment, Served? served, long nowMs) => Stop(experiment, nowMs) with { Served = served };

    public static Experiment Next(Experiment experiment, long nowMs) => experiment with { Version = experiment.Version + 1, EffectiveMs = nowMs };

    private static Experiment Close(Experiment experiment, long nowMs) =>
        experiment with { Phases = experiment.Phases.SetItem(experiment.Phases.Length - 1, experiment.CurrentPhase.Closed(nowMs)) };
}

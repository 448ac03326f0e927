using System.Text.Json;
using CroPlatform.Experimentation;
using CroPlatform.Services.Experiments.Check;
using CroPlatform.Services.Experiments.Receive;

namespace CroPlatform.Services.Experiments.Decide;

/// <summary>What each command makes of an experiment: every transition is a new immutable version. Pure.</summary>
internal static class LifeCycle
{
    /// <summary>The first version: metrics are pinned, the first phase begins.</summary>
    public static Experiment Start(string site, ExperimentRequest draft, IReadOnlyList<MetricRequest> metrics, long nowMs)
    {
        var variants = draft.Variants!.Select(v => v!).ToList();
        var weights = variants.Select(v => v.Weight ?? 1.0 / variants.Count);
        return new Experiment
        {
            Site = site,
            Key = draft.Key!,
            Version = 1,
            EffectiveMs = nowMs,
            Name = draft.Name ?? draft.Key!,
            Hypothesis = draft.Hypothesis ?? "",
            Unit = draft.Unit ?? UnitTypes.Visitor,
            Status = ExperimentStatus.Running,
            Assignment = draft.Assignment == "external" ? AssignmentMode.External : AssignmentMode.Platform,
            Variants = [.. variants.Select(v => new Variant(v.Key!, v.Name ?? v.Key!, Json(v.Config)))],
            Control = Math.Max(0, variants.FindIndex(v => v.Control == true)),
            Metrics = [.. draft.Metrics!.Zip(metrics, (reference, metric) => MetricRules.ToMetric(metric, reference!.Weight))],
            Decision = Rule(draft.Decision),
            Phases =
            [
                new Phase
                {
                    Index = 0,
                    Weights = [.. weights],
                    Coverage = draft.Coverage ?? 1,
                    Seed = string.IsNullOrEmpty(draft.Seed) ? draft.Key! : draft.Seed,
                    TargetingJson = Json(draft.Targeting),
                    Periods = [new Period(nowMs, 0)],
                },
            ],
        };
    }

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

    private static Experiment Next(Experiment experiment, long nowMs) => experiment with { Version = experiment.Version + 1, EffectiveMs = nowMs };

    private static Experiment Close(Experiment experiment, long nowMs)
    {
        var phase = experiment.CurrentPhase;
        if (phase.Periods[^1].ToMs != 0) return experiment;
        var closed = phase.Periods.SetItem(phase.Periods.Length - 1, phase.Periods[^1] with { ToMs = nowMs });
        return experiment with { Phases = experiment.Phases.SetItem(experiment.Phases.Length - 1, phase with { Periods = closed }) };
    }

    private static ReadOnlyMemory<byte> Json(JsonElement? value) =>
        value is { } json ? JsonSerializer.SerializeToUtf8Bytes(json) : ReadOnlyMemory<byte>.Empty;

    private static DecisionRule Rule(DecisionRequest? request) => new()
    {
        Method = DecisionMethod.Fixed,
        Confidence = request?.Confidence ?? 0.95,
        MinEffect = request?.MinEffect ?? 0,
        MinSample = request?.MinSample ?? 0,
        MinDays = request?.MinDays ?? 0,
        MaxDays = request?.MaxDays ?? 0,
    };
}

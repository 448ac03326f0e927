using CroPlatform.Experimentation;
using CroPlatform.Statistics;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>
/// The verdict of a fixed-horizon test: none before the horizon; then the arm that is significantly better on a success metric, worse on
/// none, and holds every guardrail. Alpha is divided over arms and success metrics (Bonferroni), guardrails are not corrected: each must hold.
/// Rule: Schultzberg, Ankargren, Frånberg, "Risk-aware product decisions in A/B tests with multiple metrics" (2024).
/// </summary>
internal static class Judge
{
    private const double DayMs = 86_400_000;

    public static Verdict Of(Experiment experiment, Numbers numbers, SampleRatioResult sampleRatio, long nowMs)
    {
        var blocked = new List<Reason>();
        if (!sampleRatio.Ok) blocked.Add(new Reason("sample_ratio", $"the arms' sizes do not fit their shares (p = {sampleRatio.PValue:g3})"));
        if (TrafficCheck.Crossovers(experiment, numbers) is { } crossovers) blocked.Add(crossovers);
        if (blocked.Count > 0) return new Verdict("blocked", null, blocked);
        if (Waiting(experiment, numbers, nowMs) is { Count: > 0 } waiting) return new Verdict("undecided", null, waiting);

        var arms = Enumerable.Range(0, experiment.Variants.Length).Where(i => i != experiment.Control)
            .Select(i => new ArmJudgement(experiment, numbers, i, nowMs)).ToList();
        var best = arms.Where(a => a.IsBetter && a.HoldsGuardrails && a.ReachesMinimum).MaxBy(a => a.Criterion);
        if (best is not null) return new Verdict("winner", best.Variant, [.. best.Reasons]);
        if (arms.TrueForAll(a => a.IsWorse || !a.HoldsGuardrails)) return new Verdict("loser", arms.Count == 1 ? arms[0].Variant : null, [.. arms.SelectMany(a => a.Reasons)]);
        if (arms.TrueForAll(a => a.IsEquivalent)) return new Verdict("equivalent", null, [.. arms.SelectMany(a => a.Reasons)]);
        return new Verdict("inconclusive", null, [.. arms.SelectMany(a => a.Reasons)]);
    }

    /// <summary>What is still missing before a verdict may be shown.</summary>
    private static List<Reason> Waiting(Experiment experiment, Numbers numbers, long nowMs)
    {
        var rule = experiment.Decision;
        var until = experiment.StoppedMs > 0 ? experiment.StoppedMs : nowMs;
        var days = (until - experiment.StartedMs) / DayMs;
        var waiting = new List<Reason>();
        if (!numbers.IsComplete) waiting.Add(new Reason("counting", "the latest version of the experiment is still being counted"));
        if (experiment.StoppedMs == 0 && (rule.MaxDays <= 0 || days < rule.MaxDays))
        {
            waiting.Add(new Reason("horizon", "a fixed-horizon test shows no verdict before it is stopped or its days are over"));
        }

        if (days < rule.MinDays) waiting.Add(new Reason("min_days", $"it has run {days:0.##} of {rule.MinDays:0.##} days"));
        foreach (var metric in experiment.Metrics)
        {
            var matured = numbers.Matured(experiment, metric, nowMs);
            var smallest = matured.UnitsByVariant(experiment.Variants.Length).Min();
            if (smallest < Math.Max(rule.MinSample, 2))
            {
                waiting.Add(new Reason("min_sample", $"{metric.Key}: the smallest arm has {smallest} matured units of {Math.Max(rule.MinSample, 2)}"));
            }

            if (experiment.StoppedMs > 0 && matured.Units < numbers.Units) waiting.Add(new Reason("maturing", $"{metric.Key}: windows are still open"));
        }

        return waiting;
    }
}

/// <summary>What one treatment's matured figures say.</summary>
internal sealed class ArmJudgement
{
    private readonly List<Reason> _reasons = [];

    public ArmJudgement(Experiment experiment, Numbers numbers, int variant, long nowMs)
    {
        Variant = experiment.Variants[variant].Key;
        var rule = experiment.Decision;
        var success = experiment.Metrics.Count(m => !m.Guardrail);
        var alpha = (1 - rule.Confidence) / Math.Max(1, success * (experiment.Variants.Length - 1));
        IsEquivalent = success > 0;
        for (var i = 0; i < experiment.Metrics.Length; i++)
        {
            var metric = experiment.Metrics[i];
            var comparison = ArmComparison.Of(experiment, i, variant, numbers.Matured(experiment, metric, nowMs));
            if (metric.Guardrail) Guard(metric, comparison.At(rule.Confidence));
            else Weigh(metric, comparison.At(1 - alpha), rule.MinEffect);
        }
    }

    public string Variant { get; }
    public bool IsBetter { get; private set; }
    public bool IsWorse { get; private set; }
    public bool HoldsGuardrails { get; private set; } = true;
    public bool ReachesMinimum { get; private set; }
    public bool IsEquivalent { get; private set; }

    /// <summary>Weighted sum of the success metrics' lifts in their own directions.</summary>
    public double Criterion { get; private set; }

    public IReadOnlyList<Reason> Reasons => _reasons;

    private void Weigh(Metric metric, Comparison comparison, double minEffect)
    {
        var lift = comparison.Lift.TryGet(out var estimate) ? estimate.Value : (double?)null;
        var gain = metric.Decrease ? -lift : lift;
        Criterion += metric.Weight * (gain ?? 0);
        var within = minEffect > 0 && lift is not null && estimate.Interval.Low > -minEffect && estimate.Interval.High < minEffect;
        IsEquivalent &= within;
        var p = comparison.Test.TryGet(out var test) ? $", p = {test.PValue:g3}" : "";
        var effect = lift is { } known ? $"lift {known:+0.0%;-0.0%}" : "lift not computable";
        if (!comparison.IsSignificant)
        {
            _reasons.Add(new Reason(within ? "equivalent" : "not_significant", $"{Variant}, {metric.Key}: {effect}{p}"));
            return;
        }

        var isGain = comparison.Difference.Value.Value > 0 != metric.Decrease;
        _reasons.Add(new Reason(isGain ? "better" : "worse", $"{Variant}, {metric.Key}: {effect}{p}"));
        if (!isGain)
        {
            IsWorse = true;
            IsBetter = false;
        }
        else if (!IsWorse)
        {
            IsBetter = true;
            if (gain is null || gain >= minEffect) ReachesMinimum = true;
            else _reasons.Add(new Reason("below_min_effect", $"{Variant}, {metric.Key}: {effect}, where {minEffect:0.0%} is worth shipping"));
        }
    }

    private void Guard(Metric metric, Comparison comparison)
    {
        if (!comparison.Lift.TryGet(out var lift))
        {
            _reasons.Add(new Reason("guardrail_unknown", $"{Variant}, {metric.Key}: not computable"));
            HoldsGuardrails &= metric.Margin <= 0;
            return;
        }

        // Without a margin a guardrail holds unless it is significantly worse; with one it must be proven not to be worse by more.
        var worst = metric.Decrease ? -lift.Interval.High : lift.Interval.Low;
        var best = metric.Decrease ? -lift.Interval.Low : lift.Interval.High;
        var holds = metric.Margin > 0 ? worst > -metric.Margin : best >= 0;
        HoldsGuardrails &= holds;
        _reasons.Add(new Reason(holds ? "guardrail_held" : "guardrail_broken", $"{Variant}, {metric.Key}: lift {lift.Value:+0.0%;-0.0%}"));
    }
}

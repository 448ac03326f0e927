using CroPlatform.Experimentation;
using CroPlatform.Statistics.Sequential;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>
/// The verdict by the experiment's own method, on units whose windows have closed. Two rules say what a winner is: the risk-aware one (one
/// success metric better, every guardrail not inferior, nothing worse), and the weighted criterion. Alpha is divided over arms and success
/// metrics (Bonferroni); guardrails are not corrected: each must hold. Source of the first rule: Schultzberg, Ankargren, Frånberg,
/// "Risk-aware product decisions in A/B tests with multiple metrics" (2024).
/// </summary>
internal static class Judge
{
    private const double DayMs = 86_400_000;

    public static Verdict Of(Experiment experiment, Numbers numbers, IReadOnlyList<Look> looks, SampleRatioResult sampleRatio, long nowMs)
    {
        var blocked = new List<Reason>();
        if (!sampleRatio.Ok) blocked.Add(new Reason("sample_ratio", $"the arms' sizes do not fit their shares (p = {sampleRatio.PValue:g3})"));
        if (TrafficCheck.Crossovers(experiment, numbers) is { } crossovers) blocked.Add(crossovers);
        if (blocked.Count > 0) return new Verdict("blocked", null, blocked);
        if (Waiting(experiment, numbers, nowMs) is { Count: > 0 } waiting) return new Verdict("undecided", null, waiting);

        var arms = Enumerable.Range(0, experiment.Variants.Length).Where(i => i != experiment.Control)
            .Select(i => new ArmJudgement(experiment, numbers, looks, i, nowMs)).ToList();
        var reasons = arms.SelectMany(a => a.Reasons).ToList();
        if (arms.Where(a => a.IsWinner).MaxBy(a => a.Criterion) is { } best) return new Verdict("winner", best.Variant, [.. best.Reasons]);
        if (arms.TrueForAll(a => a.IsWorse || a.BreaksGuardrail)) return new Verdict("loser", arms.Count == 1 ? arms[0].Variant : null, reasons);
        if (arms.TrueForAll(a => a.IsEquivalent)) return new Verdict("equivalent", null, reasons);
        return new Verdict(IsOver(experiment, numbers, nowMs) ? "inconclusive" : "undecided", null, reasons);
    }

    /// <summary>Stopped or past its days, with every window closed: no more units will change the verdict.</summary>
    public static bool IsOver(Experiment experiment, Numbers numbers, long nowMs)
    {
        if (experiment.StoppedMs == 0) return experiment.Decision.MaxDays > 0 && Days(experiment, nowMs) >= experiment.Decision.MaxDays;
        return experiment.Metrics.All(m => numbers.Matured(experiment, m, nowMs).Units == numbers.Units);
    }

    /// <summary>Metrics whose figures will be counted anew. After the stop no cap is waited for: there may never be units enough.</summary>
    public static IEnumerable<Metric> OpenCaps(Experiment experiment) => experiment.StoppedMs > 0 ? [] : experiment.Metrics.Where(m => m.IsCapOpen);

    /// <summary>What is still missing before a verdict may be shown.</summary>
    private static List<Reason> Waiting(Experiment experiment, Numbers numbers, long nowMs)
    {
        var rule = experiment.Decision;
        var days = Days(experiment, nowMs);
        var waiting = new List<Reason>();
        if (!numbers.IsComplete) waiting.Add(new Reason("counting", "the latest version of the experiment is still being counted"));
        if (rule.Method == DecisionMethod.Fixed && experiment.StoppedMs == 0 && (rule.MaxDays <= 0 || days < rule.MaxDays))
        {
            waiting.Add(new Reason("horizon", "a fixed-horizon test shows no verdict before it is stopped or its days are over"));
        }

        if (days < rule.MinDays) waiting.Add(new Reason("min_days", $"it has run {days:0.##} of {rule.MinDays:0.##} days"));
        foreach (var metric in OpenCaps(experiment)) waiting.Add(new Reason("cap_not_frozen", $"{metric.Key}: its cap is not frozen yet"));
        for (var i = 0; i < experiment.Metrics.Length; i++)
        {
            var metric = experiment.Metrics[i];
            var matured = numbers.Matured(experiment, metric, nowMs);
            // Units that were exposed before a metric was counted say nothing of it.
            var smallest = metric.CountsFromMs > 0
                ? Pooled(experiment, i, matured, metric).Min(a => a.N)
                : matured.UnitsByVariant(experiment.Variants.Length).Min();
            if (metric.MaturesAfterMs is null && experiment.StoppedMs == 0)
            {
                waiting.Add(new Reason("maturing", $"{metric.Key}: without a window its outcomes are final when the experiment is stopped"));
            }
            else if (smallest < Math.Max(rule.MinSample, 2))
            {
                waiting.Add(new Reason("min_sample", $"{metric.Key}: the smallest arm has {smallest} matured units of {Math.Max(rule.MinSample, 2)}"));
            }
            else if (rule.Method == DecisionMethod.AlwaysValid && TooFew(experiment, i, matured, metric) is { } few)
            {
                waiting.Add(few);
            }

            if (experiment.StoppedMs > 0 && matured.Units < numbers.Units) waiting.Add(new Reason("maturing", $"{metric.Key}: windows are still open"));
        }

        return waiting;
    }

    /// <summary>Confidence sequences are asymptotic: below these numbers they promise nothing.</summary>
    private static Reason? TooFew(Experiment experiment, int index, Numbers matured, Metric metric)
    {
        const long least = 25;
        foreach (var arm in Pooled(experiment, index, matured, metric))
        {
            if (arm.N < AlwaysValid.MinimumUnits) return new Reason("too_few_units", $"{metric.Key}: an always-valid verdict needs {AlwaysValid.MinimumUnits} matured units in each arm, the smallest has {arm.N}");
            if (metric.IsBinary && Math.Min(arm.Proportion.Successes, arm.Proportion.Failures) is var rarer && rarer < least)
            {
                return new Reason("too_few_units", $"{metric.Key}: an always-valid verdict needs {least} units that converted and {least} that did not in each arm; one has {rarer}");
            }
        }

        return null;
    }

    private static Arm[] Pooled(Experiment experiment, int index, Numbers numbers, Metric metric) => numbers.ArmsByPhase(experiment, index).Aggregate(
        Array.ConvertAll([.. experiment.Variants], _ => Arm.Empty(metric)), (sums, arms) => [.. sums.Zip(arms, (a, b) => a + b)]);

    private static double Days(Experiment experiment, long nowMs) => ((experiment.StoppedMs > 0 ? experiment.StoppedMs : nowMs) - experiment.StartedMs) / DayMs;
}

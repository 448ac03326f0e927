using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>The figures of one metric: of all arms, and of each arm against the control.</summary>
internal static class MetricAnalysis
{
    private static readonly NotComputable Control = new("control", "This is the control: there is nothing to compare it with.");

    public static MetricResult Of(Experiment experiment, int metricIndex, Numbers numbers)
    {
        var metric = experiment.Metrics[metricIndex];
        var arms = numbers.Arms(experiment, metricIndex);
        var missing = new Dictionary<string, string>();
        var test = Overall(experiment, metricIndex, numbers, arms);
        var figures = new Figures(missing);
        return new MetricResult
        {
            Key = metric.Key,
            Name = metric.Name,
            Kind = MetricKinds.NameOf(metric.Kind),
            Direction = metric.Decrease ? "decrease" : "increase",
            Guardrail = metric.Guardrail,
            PValue = figures.Take("p_value", test, t => t.PValue),
            LogPValue = figures.Take("log_p_value", test, t => t.LogPValue),
            Variants = [.. experiment.Variants.Select((_, i) => Variant(experiment, metricIndex, numbers, arms[i], i))],
            Missing = missing,
        };
    }

    private static VariantFigures Variant(Experiment experiment, int metricIndex, Numbers numbers, Arm arm, int index)
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var isControl = index == experiment.Control;
        var confidence = experiment.Decision.Confidence;
        var comparison = ArmComparison.Of(experiment, metricIndex, index, numbers);
        var plain = isControl ? new Comparison(Control, Control, Control, confidence) : comparison.At(confidence);
        return new VariantFigures
        {
            Key = experiment.Variants[index].Key,
            Name = experiment.Variants[index].Name,
            Control = isControl,
            N = arm.N,
            Sum = arm.Total,
            Mean = figures.Take("mean", arm.Mean, m => m),
            StandardError = figures.Take("standard_error", arm.StandardError, e => e),
            Lift = figures.Take("lift", plain.Lift, l => l.Value),
            LiftInterval = figures.TakeInterval("lift_interval", plain.Lift),
            Difference = figures.Take("difference", plain.Difference, d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", plain.Difference),
            PValue = figures.Take("p_value", plain.Test, t => t.PValue),
            LogPValue = figures.Take("log_p_value", plain.Test, t => t.LogPValue),
            Denominator = arm.Metric.Kind == MetricKind.Ratio ? arm.Moments.Y.Total : null,
            Steps = arm.Metric.Steps.IsEmpty ? null : [.. arm.Metric.Steps.Select((s, i) => new FunnelStep(s.Event, arm.Counts?.AtLeast(i + 1) ?? 0))],
            Adjusted = isControl || !arm.Metric.HasCovariate ? null : AdjustedOf(comparison.Adjusted(confidence)),
            Missing = missing,
        };
    }

    private static AdjustedFigures AdjustedOf(Computed<(Comparison Comparison, double VarianceReduction)> adjusted)
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        return new AdjustedFigures
        {
            VarianceReduction = figures.Take("variance_reduction", adjusted, a => a.VarianceReduction),
            Lift = figures.Take("lift", adjusted.Then(a => a.Comparison.Lift), l => l.Value),
            LiftInterval = figures.TakeInterval("lift_interval", adjusted.Then(a => a.Comparison.Lift)),
            Difference = figures.Take("difference", adjusted.Then(a => a.Comparison.Difference), d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", adjusted.Then(a => a.Comparison.Difference)),
            PValue = figures.Take("p_value", adjusted.Then(a => a.Comparison.Test), t => t.PValue),
            Missing = missing,
        };
    }

    /// <summary>All arms that have units at once; over several phases within each of them.</summary>
    private static Computed<TestResult> Overall(Experiment experiment, int metricIndex, Numbers numbers, Arm[] arms)
    {
        var metric = experiment.Metrics[metricIndex];
        var present = arms.Where(a => a.N > 0).ToList();
        var phases = numbers.ArmsByPhase(experiment, metricIndex);
        if (metric.IsBinary)
        {
            return phases.Count > 1
                ? MantelHaenszel.Test([.. phases.Select(p => p.Select(a => a.Proportion).ToList())])
                : ContingencyTable.ChiSquare([.. present.Select(a => a.Proportion)]);
        }

        if (arms.Length == 2 && (phases.Count > 1 || metric.Kind is MetricKind.Ratio or MetricKind.Quantile))
        {
            return ArmComparison.Of(experiment, metricIndex, 1 - experiment.Control, numbers).At(experiment.Decision.Confidence).Test;
        }

        if (phases.Count > 1) return new NotComputable("phases", "There is no test of several means over several phases.");
        if (metric.Kind is MetricKind.Ratio or MetricKind.Quantile) return new NotComputable("several_arms", "Each arm is compared with the control only.");
        var summaries = new List<SampleSummary>();
        foreach (var arm in present)
        {
            if (!arm.Moments.X.Summary.TryGet(out var summary)) return arm.Moments.X.Summary.Missing!.Value;
            summaries.Add(summary);
        }

        return WelchAnova.Test(summaries);
    }
}

using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Aggregates;
using CroPlatform.Statistics.Frequentist;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>The figures of one metric: two-proportion and chi-square tests for conversions, Welch's for means.</summary>
internal static class MetricAnalysis
{
    /// <summary>Each arm against the control; the control's own entry is "not computable".</summary>
    public static Comparison Compare(Metric metric, ExactMoments control, ExactMoments treatment, double confidence)
    {
        if (metric.Kind == MetricKind.Conversion) return TwoProportions.Compare(Proportion(control), Proportion(treatment), confidence);
        var (before, after) = (control.Summary, treatment.Summary);
        if (before.TryGet(out var c) && after.TryGet(out var t)) return WelchT.Compare(c, t, confidence);
        var missing = before.Missing ?? after.Missing!.Value;
        return new Comparison(missing, missing, missing, confidence);
    }

    public static MetricResult Of(Experiment experiment, int metricIndex, Numbers numbers)
    {
        var metric = experiment.Metrics[metricIndex];
        var arms = numbers.Moments(experiment.Variants.Length, metricIndex);
        var missing = new Dictionary<string, string>();
        var test = Overall(metric, arms);
        var figures = new Figures(missing);
        var pValue = figures.Take("p_value", test, t => t.PValue);
        var logPValue = figures.Take("log_p_value", test, t => t.LogPValue);
        return new MetricResult
        {
            Key = metric.Key,
            Name = metric.Name,
            Kind = metric.Kind.ToString().ToLowerInvariant(),
            Direction = metric.Decrease ? "decrease" : "increase",
            Guardrail = metric.Guardrail,
            PValue = pValue,
            LogPValue = logPValue,
            Variants = [.. experiment.Variants.Select((_, i) => Variant(experiment, metric, arms, i))],
            Missing = missing,
        };
    }

    private static VariantFigures Variant(Experiment experiment, Metric metric, ExactMoments[] arms, int index)
    {
        var arm = arms[index];
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var isControl = index == experiment.Control;
        var itself = new NotComputable("control", "This is the control: there is nothing to compare it with.");
        var comparison = isControl
            ? new Comparison(itself, itself, itself, experiment.Decision.Confidence)
            : Compare(metric, arms[experiment.Control], arm, experiment.Decision.Confidence);
        return new VariantFigures
        {
            Key = experiment.Variants[index].Key,
            Name = experiment.Variants[index].Name,
            Control = isControl,
            N = arm.N,
            Sum = arm.Total,
            Mean = figures.Take("mean", arm.Mean, m => m),
            StandardError = figures.Take("standard_error", StandardError(metric, arm), e => e),
            Lift = figures.Take("lift", comparison.Lift, l => l.Value),
            LiftInterval = figures.TakeInterval("lift_interval", comparison.Lift),
            Difference = figures.Take("difference", comparison.Difference, d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", comparison.Difference),
            PValue = figures.Take("p_value", comparison.Test, t => t.PValue),
            LogPValue = figures.Take("log_p_value", comparison.Test, t => t.LogPValue),
            Missing = missing,
        };
    }

    /// <summary>All arms that have units at once.</summary>
    private static Computed<TestResult> Overall(Metric metric, ExactMoments[] arms)
    {
        var present = arms.Where(a => a.N > 0).ToList();
        if (metric.Kind == MetricKind.Conversion) return ContingencyTable.ChiSquare([.. present.Select(Proportion)]);
        var summaries = new List<SampleSummary>();
        foreach (var arm in present)
        {
            if (!arm.Summary.TryGet(out var summary)) return arm.Summary.Missing!.Value;
            summaries.Add(summary);
        }

        return WelchAnova.Test(summaries);
    }

    private static Computed<double> StandardError(Metric metric, ExactMoments arm)
    {
        if (metric.Kind == MetricKind.Conversion && arm.N > 0)
        {
            var rate = Proportion(arm).Rate;
            return Math.Sqrt(rate * (1 - rate) / arm.N);
        }

        return arm.Summary.Map(s => Math.Sqrt(s.MeanVariance));
    }

    /// <summary>A conversion's outcomes are 0 or 1, so their sum counts the converted units.</summary>
    private static Proportion Proportion(ExactMoments arm) => new((long)(arm.Sum / ExactMoments.Scale), arm.N);
}

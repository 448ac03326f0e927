using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Multiplicity;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>The figures of one metric: of all arms, and of each arm against the control.</summary>
internal static class MetricAnalysis
{
    private static readonly NotComputable Control = new("control", "This is the control: there is nothing to compare it with.");

    public static MetricResult Of(Experiment experiment, int metricIndex, Numbers numbers, IReadOnlyList<Look> looks, double days)
    {
        var metric = experiment.Metrics[metricIndex];
        var phases = numbers.ArmsByPhase(experiment, metricIndex);
        var arms = phases.Aggregate(
            Array.ConvertAll([.. experiment.Variants], _ => Arm.Empty(metric)), (sums, phase) => [.. sums.Zip(phase, (a, b) => a + b)]);
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var test = Overall(experiment, metricIndex, phases, arms);
        var comparisons = experiment.Variants.Select((_, i) => ArmComparison.Of(experiment, metricIndex, phases, i)).ToList();
        var posteriors = ArmPosteriors.Of(experiment, comparisons);
        var variants = comparisons.Select((c, i) => Variant(experiment, c, arms[i], i, looks, days, posteriors)).ToList();
        return new MetricResult
        {
            Key = metric.Key,
            Name = metric.Name,
            Kind = MetricKinds.NameOf(metric.Kind),
            Direction = metric.Decrease ? "decrease" : "increase",
            Guardrail = metric.Guardrail,
            PValue = figures.Take("p_value", test, t => t.PValue),
            LogPValue = figures.Take("log_p_value", test, t => t.LogPValue),
            Cap = metric.CapE4 is null && metric.CapPercentile == 0
                ? null
                : new CapFigures(metric.CapE4 is { } cap ? Scaled.ToDouble(cap) : null, metric.CapPercentile > 0 ? metric.CapPercentile : null),
            Added = AddedFigures.Of(metric),
            Variants = variants,
            Missing = missing,
        };
    }

    /// <summary>
    /// Adds to each p-value the one adjusted over all metrics and arms of the experiment (Holm): of the always-valid p-values where the
    /// method is always-valid, else of the plain ones.
    /// </summary>
    public static IReadOnlyList<MetricResult> WithAdjustedPValues(Experiment experiment, IReadOnlyList<MetricResult> metrics)
    {
        double? PValueOf(VariantFigures v) => experiment.Decision.Method == DecisionMethod.AlwaysValid ? v.AlwaysValid?.PValue : v.PValue;
        var pValues = metrics.SelectMany(m => m.Variants).Select(PValueOf).OfType<double>().ToList();
        if (!PValueAdjustment.Holm(pValues).TryGet(out var adjusted)) return metrics;
        var next = 0;
        return [.. metrics.Select(m => m with
        {
            Variants = [.. m.Variants.Select(v => PValueOf(v) is null
                ? v with { Missing = new Dictionary<string, string>(v.Missing) { ["adjusted_p_value"] = v.Control ? Control.Code : "no_p_value" } }
                : v with { AdjustedPValue = adjusted[next++] })],
        })];
    }

    private static VariantFigures Variant(
        Experiment experiment, ArmComparison comparison, Arm arm, int index, IReadOnlyList<Look> looks, double days, ArmPosteriors posteriors)
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var isControl = index == experiment.Control;
        var rule = experiment.Decision;
        var plain = isControl ? new Comparison(Control, Control, Control, rule.Confidence) : comparison.At(rule.Confidence);
        var alpha = (1 - rule.Confidence) / Math.Max(1, experiment.Metrics.Count(m => !m.Guardrail) * (experiment.Variants.Length - 1));
        var variant = new VariantFigures
        {
            Key = experiment.Variants[index].Key,
            Name = experiment.Variants[index].Name,
            Control = isControl,
            N = arm.N,
            Sum = arm.Total,
            Mean = figures.Take("mean", arm.Mean, m => m),
            StandardError = figures.Take("standard_error", arm.StandardError, e => e),
            Lift = figures.Take("lift", isControl ? Control : comparison.Lift, l => l),
            LiftInterval = figures.TakeInterval("lift_interval", plain.Lift),
            Difference = figures.Take("difference", plain.Difference, d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", plain.Difference),
            PValue = figures.Take("p_value", plain.Test, t => t.PValue),
            LogPValue = figures.Take("log_p_value", plain.Test, t => t.LogPValue),
            Power = figures.Take("power", isControl ? Control : Reach.Power(comparison, rule, alpha), p => p),
            DaysLeft = figures.Take("days_left", isControl ? Control : Reach.DaysLeft(comparison, rule, alpha, days), d => d),
            Denominator = arm.Metric.Kind == MetricKind.Ratio ? arm.Moments.Y.Total : null,
            Steps = arm.Metric.Steps.IsEmpty ? null : [.. arm.Metric.Steps.Select((s, i) => new FunnelStep(s.Event, arm.Counts?.AtLeast(i + 1) ?? 0))],
            Missing = missing,
        };
        if (isControl) return variant;
        return variant with
        {
            AlwaysValid = SequenceFigures.Of(comparison, rule),
            Bayesian = BayesianFigures.Of(posteriors, index),
            GroupSequential = rule.Method == DecisionMethod.GroupSequential
                ? SequentialFigures.Of(experiment, looks, arm.Metric.Key, variant.Key)
                : null,
            Adjusted = arm.Metric.HasCovariate ? AdjustedOf(comparison.Adjusted(rule.Confidence)) : null,
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
    private static Computed<TestResult> Overall(Experiment experiment, int metricIndex, IReadOnlyList<Arm[]> phases, Arm[] arms)
    {
        var metric = experiment.Metrics[metricIndex];
        var present = arms.Where(a => a.N > 0).ToList();
        if (metric.IsBinary)
        {
            return phases.Count > 1
                ? MantelHaenszel.Test([.. phases.Select(p => p.Select(a => a.Proportion).ToList())])
                : ContingencyTable.ChiSquare([.. present.Select(a => a.Proportion)]);
        }

        if (arms.Length == 2 && (phases.Count > 1 || metric.Kind is MetricKind.Ratio or MetricKind.Quantile))
        {
            return ArmComparison.Of(experiment, metricIndex, phases, 1 - experiment.Control).At(experiment.Decision.Confidence).Test;
        }

        if (phases.Count > 1 || metric.Kind is MetricKind.Ratio or MetricKind.Quantile) return Stratified(phases, arms);
        var summaries = new List<SampleSummary>();
        foreach (var arm in present)
        {
            if (!arm.Summary.TryGet(out var summary)) return arm.Summary.Missing!.Value;
            summaries.Add(summary);
        }

        return WelchAnova.Test(summaries);
    }

    /// <summary>
    /// That all arms have the same mean, ratio or quantile: Wald's chi-square on their estimates, each averaged over the phases by all arms' shares of the
    /// outcomes. Phases in which an arm that has units has fewer than two outcomes are left out.
    /// </summary>
    private static Computed<TestResult> Stratified(IReadOnlyList<Arm[]> phases, Arm[] arms)
    {
        var present = Enumerable.Range(0, arms.Length).Where(i => arms[i].N > 0).ToList();
        var usable = phases.Where(p => present.TrueForAll(i => p[i].N >= 2)).ToList();
        if (usable.Count == 0) return NotComputable.TooFewUnits("There is no phase in which each arm has two outcomes.");
        var all = usable.Sum(p => p.Sum(a => (double)a.N));
        var estimates = new List<(double Value, double Variance)>();
        foreach (var i in present)
        {
            var (value, variance) = (0.0, 0.0);
            foreach (var phase in usable)
            {
                var (mean, error) = (phase[i].Mean, phase[i].StandardError);
                if ((mean.Missing ?? error.Missing) is { } missing) return missing;
                var share = phase.Sum(a => (double)a.N) / all;
                value += share * mean.Value;
                variance += share * error.Value * share * error.Value;
            }

            estimates.Add((value, variance));
        }

        return WaldTest.Equality(estimates);
    }
}

using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.PowerAnalysis;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>A confidence sequence: valid however often one looks.</summary>
internal sealed record SequenceFigures
{
    public double? PValue { get; init; }
    public double? LogPValue { get; init; }
    public double? Difference { get; init; }
    public double[]? DifferenceInterval { get; init; }
    public double[]? LiftInterval { get; init; }
    public required IReadOnlyDictionary<string, string> Missing { get; init; }

    public static SequenceFigures Of(ArmComparison arms, DecisionRule rule)
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var sequence = Evidence.Sequence(arms, 1 - rule.Confidence, rule);
        return new SequenceFigures
        {
            PValue = figures.Take("p_value", sequence, s => s.PValue),
            LogPValue = figures.Take("log_p_value", sequence, s => s.LogPValue),
            Difference = figures.Take("difference", sequence.Then(s => s.Difference), d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", sequence.Then(s => s.Difference)),
            LiftInterval = figures.TakeInterval("lift_interval", sequence.Then(s => s.Lift)),
            Missing = missing,
        };
    }
}

/// <summary>Posterior figures under flat priors; losses in the metric's unit.</summary>
internal sealed record BayesianFigures
{
    public double? ProbabilityBeatsControl { get; init; }
    public double? ProbabilityBest { get; init; }
    public double? ExpectedLoss { get; init; }
    public double[]? DifferenceInterval { get; init; }
    public double[]? LiftInterval { get; init; }
    public required IReadOnlyDictionary<string, string> Missing { get; init; }

    public static BayesianFigures Of(ArmPosteriors posteriors, int variant)
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var posterior = posteriors[variant];
        return new BayesianFigures
        {
            ProbabilityBeatsControl = figures.Take("probability_beats_control", posterior, p => p.ProbabilityBeatsControl),
            ProbabilityBest = figures.Take("probability_best", posteriors.ProbabilityBest(variant), p => p),
            ExpectedLoss = figures.Take("expected_loss", posterior, p => p.ExpectedLoss),
            DifferenceInterval = figures.TakeInterval("difference_interval", posterior.Map(p => p.Difference)),
            LiftInterval = figures.TakeInterval("lift_interval", posterior.Then(p => p.LiftInterval)),
            Missing = missing,
        };
    }
}

/// <summary>What the looks of a group-sequential test say at this confidence.</summary>
internal sealed record SequentialFigures(
    int LooksTaken, int LooksPlanned, double Information, double? NextInformation, double? Bound, double? Z, bool Crossed, double[]? DifferenceInterval, double[]? LiftInterval)
{
    public static SequentialFigures Of(Experiment experiment, IReadOnlyList<Look> looks, string metric, string variant)
    {
        var alpha = 1 - experiment.Decision.Confidence;
        var judged = LookPlan.Judge(looks, metric, variant, alpha);
        var last = looks.Count == 0 ? null : looks[^1].Figures.FirstOrDefault(f => f.Metric == metric && f.Variant == variant)?.Means;
        var ignored = new Figures([]);
        return new SequentialFigures(
            looks.Count, Math.Max(looks.Count, experiment.Decision.Looks), looks.Count == 0 ? 0 : looks[^1].Information, LookPlan.Next(experiment.Decision, looks),
            looks.Count > 0 && LookPlan.Design(looks, alpha).TryGet(out var design) && double.IsFinite(design.UpperBounds[^1]) ? design.UpperBounds[^1] : null,
            last is { } means ? means.Difference / means.DifferenceError : null, judged.IsSignificant,
            ignored.TakeInterval("", judged.Difference), ignored.TakeInterval("", judged.Lift));
    }
}

/// <summary>How far the sample goes towards finding the least effect that is worth shipping.</summary>
internal static class Reach
{
    private const double Target = 0.8;

    /// <summary>The power that the arms as they are have to find <c>min_effect</c>.</summary>
    public static Computed<double> Power(ArmComparison arms, DecisionRule rule, double alpha) => Options(arms, rule, alpha).Then(o =>
    {
        var (control, treatment) = arms.Compared;
        return o.Metric.IsBinary ? CroPlatform.Statistics.PowerAnalysis.Power.ForProportions(o.Baseline, o.Baseline + o.Effect, control.N, o.Options)
            : o.Metric.Kind == MetricKind.Ratio ? control.Pair.Then(c => treatment.Pair.Then(
                t => CroPlatform.Statistics.PowerAnalysis.Power.ForRatios(o.Effect, c, t, control.N, o.Options)))
            : control.Summary.Then(c => treatment.Summary.Then(
                t => CroPlatform.Statistics.PowerAnalysis.Power.ForMeans(o.Effect, c.StandardDeviation, t.StandardDeviation, control.N, o.Options)));
    });

    /// <summary>Days until 80 % power at the pace so far; 0 if it is there.</summary>
    public static Computed<double> DaysLeft(ArmComparison arms, DecisionRule rule, double alpha, double daysSoFar) => Options(arms, rule, alpha).Then(o =>
    {
        var (control, treatment) = arms.Compared;
        var plan = o.Metric.IsBinary ? SampleSize.ForProportions(o.Baseline, o.Baseline + o.Effect, o.Options)
            : o.Metric.Kind == MetricKind.Ratio ? control.Pair.Then(c => treatment.Pair.Then(t => SampleSize.ForRatios(o.Effect, c, t, o.Options)))
            : control.Summary.Then(c => treatment.Summary.Then(
                t => SampleSize.ForMeans(o.Effect, c.StandardDeviation, t.StandardDeviation, o.Options)));
        return plan.Map(p => Math.Max(0, p.ControlExact - control.N) / (control.N / Math.Max(daysSoFar, 1.0 / 24)));
    });

    private static Computed<(Metric Metric, double Baseline, double Effect, PowerOptions Options)> Options(ArmComparison arms, DecisionRule rule, double alpha)
    {
        if (rule.MinEffect <= 0) return new NotComputable("no_min_effect", "The decision names no effect that is worth shipping.");
        if (arms.Metric.Kind == MetricKind.Quantile) return new NotComputable("quantile", "There is no power calculation for quantiles.");
        var (control, treatment) = arms.Compared;
        if (control.N < 2 || treatment.N < 2) return NotComputable.TooFewUnits("Each arm needs at least two units.");
        return control.Mean.Map(baseline => (
            arms.Metric, baseline, baseline * (arms.Metric.Decrease ? -rule.MinEffect : rule.MinEffect),
            new PowerOptions { Alpha = alpha, Power = Target, AllocationRatio = treatment.N / (double)control.N }));
    }
}

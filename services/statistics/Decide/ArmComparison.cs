using CroPlatform.Experimentation;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Numerics;
using CroPlatform.Statistics.VarianceReduction;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>
/// One treatment against the control on one metric. Phases differ in their probabilities, so units of different ones are never thrown
/// together: with several, differences within phases are combined by the phases' shares of the units.
/// </summary>
/// <param name="Phases">Control and treatment in each phase that has units.</param>
internal sealed record ArmComparison(Metric Metric, IReadOnlyList<(Arm Control, Arm Treatment)> Phases)
{
    /// <summary>The phases that can be compared: two outcomes in each arm.</summary>
    private readonly List<(Arm Control, Arm Treatment)> _usable = [.. Phases.Where(p => p.Control.N >= 2 && p.Treatment.N >= 2)];

    private Computed<MeanPair>? _means;

    /// <param name="phases">As <see cref="Numbers.ArmsByPhase"/> tells them.</param>
    public static ArmComparison Of(Experiment experiment, int metric, IReadOnlyList<Arm[]> phases, int variant) =>
        new(experiment.Metrics[metric], [.. phases.Select(arms => (arms[experiment.Control], arms[variant]))]);

    /// <summary>The arms of the only phase that can be compared, else all phases together.</summary>
    public (Arm Control, Arm Treatment) Compared => _usable.Count == 1 ? _usable[0] : Pooled;

    /// <summary>Outcomes in the smaller arm.</summary>
    public long SmallerArm => Math.Min(Pooled.Control.N, Pooled.Treatment.N);

    /// <summary>Outcomes in both arms.</summary>
    public long Units => Pooled.Control.N + Pooled.Treatment.N;

    /// <summary>Units of phases in which nothing can be compared.</summary>
    public long UnitsLeftOut => _usable.Count == 0 ? 0 : Phases.Where(p => !_usable.Contains(p)).Sum(p => p.Control.Units + p.Treatment.Units);

    public bool IsStratified => _usable.Count > 1;

    /// <summary>All phases together, for figures that say what was seen and compare nothing.</summary>
    public (Arm Control, Arm Treatment) Pooled => Phases.Count == 0
        ? (Arm.Empty(Metric), Arm.Empty(Metric))
        : Phases.Aggregate((a, b) => (a.Control + b.Control, a.Treatment + b.Treatment));

    /// <summary>Treatment / control − 1, which can be told even where its interval is not bounded.</summary>
    public Computed<double> Lift => Means.Then<double>(m => m.Control == 0 ? NotComputable.ZeroBaseline("The control's mean is 0.") : m.Difference / m.Control);

    /// <summary>Both arms' means (rates, ratios, quantiles), over phases weighted by their shares of the units, with the variances of these means.</summary>
    public Computed<MeanPair> Means => _means ??= MeansOf(_usable.Count > 0 ? _usable : [Pooled]);

    /// <summary>Pooled z for 0 and 1, Welch's t for means, delta method for ratios, clustered errors for quantiles; by phase, the stratified z.</summary>
    public Comparison At(double confidence)
    {
        if (IsStratified) return Stratified(confidence);
        var (control, treatment) = Compared;
        if (Metric.IsBinary) return TwoProportions.Compare(control.Proportion, treatment.Proportion, confidence);
        if (Metric.Kind == MetricKind.Quantile) return QuantileMetric.Compare(control.Estimate, treatment.Estimate, confidence);
        if (Metric.Kind == MetricKind.Ratio)
        {
            var (x, y) = (control.Pair, treatment.Pair);
            return x.TryGet(out var c) && y.TryGet(out var t) ? RatioMetric.Compare(c, t, confidence) : Missing(x.Missing ?? y.Missing!.Value, confidence);
        }

        var (before, after) = (control.Summary, treatment.Summary);
        return before.TryGet(out var m0) && after.TryGet(out var m1)
            ? WelchT.Compare(m0, m1, confidence)
            : Missing(before.Missing ?? after.Missing!.Value, confidence);
    }

    /// <summary>The same after what the units did before their exposure is taken out (CUPED), and the share of variance that went with it.</summary>
    public Computed<(Comparison Comparison, double VarianceReduction)> Adjusted(double confidence)
    {
        if (!Metric.HasCovariate) return new NotComputable("no_covariate", "This metric has no covariate.");
        var results = _usable.Select(p => Cuped.Adjust(p.Control.Moments, p.Treatment.Moments)).ToList();
        if (results.Count == 0) return NotComputable.TooFewUnits("Each arm needs at least two units.");
        foreach (var result in results)
        {
            if (result.Missing is { } missing) return missing;
        }

        var units = _usable.Sum(p => (double)(p.Control.N + p.Treatment.N));
        var reduction = _usable.Zip(results).Sum(p => (p.First.Control.N + p.First.Treatment.N) / units * p.Second.Value.VarianceReduction);
        return (results.Count == 1
            ? results[0].Value.Compare(confidence)
            : PostStratification.Compare([.. results.Select(r => (r.Value.Control, r.Value.Treatment))], confidence), reduction);
    }

    private static Computed<MeanPair> MeansOf(List<(Arm Control, Arm Treatment)> phases)
    {
        var units = phases.Sum(p => (double)(p.Control.N + p.Treatment.N));
        var means = default(MeanPair);
        foreach (var (control, treatment) in phases)
        {
            var (m0, m1, e0, e1) = (control.Mean, treatment.Mean, control.StandardError, treatment.StandardError);
            if ((m0.Missing ?? m1.Missing ?? e0.Missing ?? e1.Missing) is { } missing) return missing;
            means = means.Plus((control.N + treatment.N) / units, m0.Value, e0.Value, m1.Value, e1.Value);
        }

        return means;
    }

    private static Comparison Missing(NotComputable missing, double confidence) => new(missing, missing, missing, confidence);

    /// <summary>As <see cref="PostStratification"/>, for estimates of any kind. Source: Miratrix, Sekhon, Yu, JRSS B 75 (2013).</summary>
    private Comparison Stratified(double confidence)
    {
        if (!Means.TryGet(out var means)) return Missing(Means.Missing!.Value, confidence);
        if (!(means.DifferenceError > 0)) return Missing(NotComputable.NoVariance("Neither arm varies within the phases."), confidence);
        var z = means.Difference / means.DifferenceError;
        var test = new TestResult("Post-stratified z", z, null, 2 * Normal.UpperTail(Math.Abs(z)), Math.Log(2) + Normal.LogUpperTail(Math.Abs(z)));
        var multiplier = Normal.UpperQuantile((1 - confidence) / 2);
        return new Comparison(test, means.DifferenceWithin(multiplier), means.LiftWithin(multiplier), confidence);
    }
}

/// <summary>Means of control and treatment with the variances of these means.</summary>
internal readonly record struct MeanPair(double Control, double ControlVariance, double Treatment, double TreatmentVariance)
{
    /// <summary>From here on Fieller's quantile is beyond what a double can say of a confidence.</summary>
    private const double LargestMultiplier = 8;

    public double Difference => Treatment - Control;
    public double DifferenceError => Math.Sqrt(ControlVariance + TreatmentVariance);

    public MeanPair Plus(double share, double control, double controlError, double treatment, double treatmentError) => new(
        Control + share * control, ControlVariance + share * controlError * share * controlError,
        Treatment + share * treatment, TreatmentVariance + share * treatmentError * share * treatmentError);

    /// <summary>The difference ± so many standard errors.</summary>
    public Computed<Estimate> DifferenceWithin(double multiplier)
    {
        var half = multiplier * DifferenceError;
        return double.IsFinite(half) && half > 0
            ? new Estimate(Difference, DifferenceError, new Interval(Difference - half, Difference + half))
            : NotComputable.NoVariance("The difference has no bounded interval.");
    }

    /// <summary>Fieller's interval of the lift that agrees with <see cref="DifferenceWithin"/>.</summary>
    public Computed<Estimate> LiftWithin(double multiplier) => multiplier is > 0 and < LargestMultiplier
        ? RelativeLift.Fieller(Control, ControlVariance, Treatment, TreatmentVariance, 1 - 2 * Normal.UpperTail(multiplier))
        : NotComputable.Unbounded("So wide an interval of the lift is not bounded.");
}

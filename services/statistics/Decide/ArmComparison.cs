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

    public static ArmComparison Of(Experiment experiment, int metric, int variant, Numbers numbers) => new(
        experiment.Metrics[metric],
        [.. numbers.ArmsByPhase(experiment, metric).Select(arms => (arms[experiment.Control], arms[variant]))]);

    /// <summary>Units of phases in which nothing can be compared.</summary>
    public long UnitsLeftOut => _usable.Count == 0 ? 0 : Phases.Where(p => !_usable.Contains(p)).Sum(p => p.Control.Units + p.Treatment.Units);

    public bool IsStratified => _usable.Count > 1;

    /// <summary>All phases together, for figures that say what was seen and compare nothing.</summary>
    public (Arm Control, Arm Treatment) Pooled => Phases.Count == 0
        ? (Nothing, Nothing)
        : Phases.Aggregate((a, b) => (a.Control + b.Control, a.Treatment + b.Treatment));

    private Arm Nothing => new(Metric, 0, default, null);

    /// <summary>Pooled z for 0 and 1, Welch's t for means, delta method for ratios, clustered errors for quantiles; by phase, the stratified z.</summary>
    public Comparison At(double confidence)
    {
        if (IsStratified) return Stratified(confidence);
        var (control, treatment) = _usable.Count == 1 ? _usable[0] : Pooled;
        if (Metric.IsBinary) return TwoProportions.Compare(control.Proportion, treatment.Proportion, confidence);
        if (Metric.Kind == MetricKind.Quantile) return QuantileMetric.Compare(control.Estimate, treatment.Estimate, confidence);
        if (Metric.Kind == MetricKind.Ratio)
        {
            var (x, y) = (control.Moments.Summary, treatment.Moments.Summary);
            return x.TryGet(out var c) && y.TryGet(out var t) ? RatioMetric.Compare(c, t, confidence) : Missing(x.Missing ?? y.Missing!.Value, confidence);
        }

        var (before, after) = (control.Moments.X.Summary, treatment.Moments.X.Summary);
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

    private static Comparison Missing(NotComputable missing, double confidence) => new(missing, missing, missing, confidence);

    /// <summary>As <see cref="PostStratification"/>, for estimates of any kind. Source: Miratrix, Sekhon, Yu, JRSS B 75 (2013).</summary>
    private Comparison Stratified(double confidence)
    {
        var units = _usable.Sum(p => (double)(p.Control.N + p.Treatment.N));
        double m0 = 0, v0 = 0, m1 = 0, v1 = 0;
        foreach (var (control, treatment) in _usable)
        {
            var (x, y) = (control.Estimate, treatment.Estimate);
            if (!x.TryGet(out var c) || !y.TryGet(out var t)) return Missing(x.Missing ?? y.Missing!.Value, confidence);
            var share = (control.N + treatment.N) / units;
            (m0, m1) = (m0 + share * c.Value, m1 + share * t.Value);
            (v0, v1) = (v0 + Square(share * c.StandardError!.Value), v1 + Square(share * t.StandardError!.Value));
        }

        var error = Math.Sqrt(v0 + v1);
        if (!(error > 0)) return Missing(NotComputable.NoVariance("Neither arm varies within the phases."), confidence);
        var (difference, half) = (m1 - m0, Normal.UpperQuantile((1 - confidence) / 2) * error);
        var z = Math.Abs(difference / error);
        var test = new TestResult("Post-stratified z", difference / error, null, 2 * Normal.UpperTail(z), Math.Log(2) + Normal.LogUpperTail(z));
        return new Comparison(
            test, new Estimate(difference, error, new Interval(difference - half, difference + half)), RelativeLift.Fieller(m0, v0, m1, v1, confidence), confidence);

        static double Square(double x) => x * x;
    }
}

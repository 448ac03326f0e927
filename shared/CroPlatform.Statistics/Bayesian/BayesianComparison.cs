using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Bayesian;

/// <summary>
/// Treatment against control under independent posteriors, by quadrature over the narrower posterior and the other's
/// distribution function (normal posteriors in closed form): absolute error below 1e-10, the same digits every time.
/// Sources: Kruschke, "Doing Bayesian Data Analysis" (2015) for the region of practical equivalence; Stucchio, "Bayesian A/B
/// testing at VWO" (2015) for the expected loss.
/// </summary>
public sealed class BayesianComparison
{
    private readonly Posterior _control;
    private readonly Posterior _treatment;
    private readonly double _credibility;
    private readonly bool _lowerIsBetter;
    private readonly bool _outerIsControl;
    private readonly double[] _points;
    private readonly double[] _weights;
    private readonly PosteriorCurve _other;

    private BayesianComparison(Posterior control, Posterior treatment, double credibility, bool lowerIsBetter)
    {
        (_control, _treatment, _credibility, _lowerIsBetter) = (control, treatment, credibility, lowerIsBetter);
        _outerIsControl = control.Scale <= treatment.Scale;
        var outer = _outerIsControl ? control : treatment;
        _other = (_outerIsControl ? treatment : control).Curve;
        _weights = outer.Curve.OuterWeights;
        _points = outer.Curve.OuterPoints.Select(outer.ToValue).ToArray();
        var below = AtMost(1, 0);
        ProbabilityBeatsControl = lowerIsBetter ? below : 1 - below;
    }

    /// <summary>P(treatment better than control).</summary>
    public double ProbabilityBeatsControl { get; }

    /// <summary>What choosing the treatment costs on average where control is the better, in the metric's unit.</summary>
    public double ExpectedLoss => _lowerIsBetter ? Excess(_treatment, _control) : Excess(_control, _treatment);

    /// <summary>What keeping control costs on average where the treatment is the better.</summary>
    public double ExpectedLossOfControl => _lowerIsBetter ? Excess(_control, _treatment) : Excess(_treatment, _control);

    /// <summary>Posterior mean, deviation and equal-tailed credible interval of treatment − control.</summary>
    public Estimate Difference
    {
        get
        {
            var mean = _treatment.Mean - _control.Mean;
            var sd = Math.Sqrt(_treatment.Variance + _control.Variance);
            return new(mean, sd, CredibleInterval(p => Quantile(value => AtMost(1, value), p, mean, sd)));
        }
    }

    /// <summary>Posterior median and equal-tailed credible interval of treatment / control − 1.</summary>
    public Computed<Estimate> Lift => LiftQuantiles.Map(at => new Estimate(at(0.5), null, CredibleInterval(at)));

    /// <summary>That interval without the median, which costs as much as one of its ends.</summary>
    public Computed<Interval> LiftInterval => LiftQuantiles.Map(CredibleInterval);

    /// <summary>The lift's quantile function.</summary>
    private Computed<Func<double, double>> LiftQuantiles
    {
        get
        {
            if (ControlMayBeNegative())
                return NotComputable.ZeroBaseline("Control's mean is not clearly above 0: nothing is relative to it.");
            var (mean, sd) = LiftScale();
            if (_control is not BetaPosterior)
                return new Func<double, double>(p => Quantile(lift => AtMost(1 + lift, 0), p, mean, sd));
            // the logarithm of a ratio of rates is nearly normal, the ratio is not: fewer steps
            var (c, t) = (_control.Variance / (_control.Mean * _control.Mean), _treatment.Variance / (_treatment.Mean * _treatment.Mean));
            (mean, sd) = (Math.Log(_treatment.Mean / _control.Mean) + 0.5 * (c - t), Math.Sqrt(c + t));
            return new Func<double, double>(p => Log1P.ExpM1(Quantile(w => AtMost(Math.Exp(w), 0), p, mean, sd)));
        }
    }

    /// <summary>The probability that the lift lies within a region of practical equivalence, such as ±1 %.</summary>
    public Computed<double> ProbabilityInRegion(Interval lift) =>
        ControlMayBeNegative() ? NotComputable.ZeroBaseline("Control's mean is not clearly above 0: nothing is relative to it.")
        : lift.Low <= lift.High ? Math.Max(0, AtMost(1 + lift.High, 0) - AtMost(1 + lift.Low, 0))
        : NotComputable.InvalidInput("The region's low end lies above its high end.");

    /// <summary>P(lift ≤ <paramref name="lift"/>).</summary>
    public Computed<double> LiftCdf(double lift) =>
        ControlMayBeNegative() ? NotComputable.ZeroBaseline("Control's mean is not clearly above 0: nothing is relative to it.") : AtMost(1 + lift, 0);

    /// <summary>Compares two posteriors of one kind.</summary>
    /// <param name="control">Control's posterior.</param>
    /// <param name="treatment">The treatment's.</param>
    /// <param name="credibility">Of the intervals, between 0 and 1.</param>
    /// <param name="lowerIsBetter">For metrics that should fall: probability and losses turn with it, differences do not.</param>
    public static Computed<BayesianComparison> Of(
        Posterior control, Posterior treatment, double credibility = 0.95, bool lowerIsBetter = false)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(treatment);
        if (!(credibility > 0 && credibility < 1))
            return NotComputable.InvalidInput("The credibility must lie between 0 and 1, both excluded.");
        if (!control.IsValid || !treatment.IsValid || control.GetType() != treatment.GetType())
            return NotComputable.NoVariance("Both arms need proper posteriors of one kind with a spread above 0.");
        return new BayesianComparison(control, treatment, credibility, lowerIsBetter);
    }

    /// <summary>P(treatment ≤ factor·control + shift).</summary>
    private double AtMost(double factor, double shift)
    {
        if (factor <= 0 && _control is BetaPosterior)
            return shift <= 0 ? 0 : AtMost(1e-300, shift);
        if (_control is NormalPosterior)
        {
            var sd = Math.Sqrt(_treatment.Variance + factor * factor * _control.Variance);
            return Normal.Cdf((factor * _control.Mean + shift - _treatment.Mean) / sd);
        }
        if (Kink(factor, shift) is { } kink)
            return Math.Clamp(Graded(kink, factor, shift), 0, 1);
        var sum = 0.0;
        for (var i = 0; i < _points.Length; i++)
            sum += _weights[i] * Given(_points[i], factor, shift);
        return Math.Clamp(sum, 0, 1);
    }

    /// <summary>P(treatment ≤ factor·control + shift | the outer arm's value).</summary>
    private double Given(double value, double factor, double shift) => _outerIsControl
        ? _other.Cdf(_treatment.ToCoordinate(factor * value + shift))
        : 1 - _other.Cdf(_control.ToCoordinate((value - shift) / factor));

    /// <summary>
    /// Where the other rate would reach 0 or 1 while the outer one still has density: there the integrand bends and the
    /// trapezoidal rule would lose its digits. Small samples only.
    /// </summary>
    private double? Kink(double factor, double shift)
    {
        // a rate with many conversions (or failures) meets its end so smoothly that nothing is lost
        var inner = (BetaPosterior)(_outerIsControl ? _treatment : _control);
        if (inner.A > 15 && inner.B > 15)
            return null;
        Span<double> candidates = _outerIsControl ? [-shift / factor, (1 - shift) / factor] : [shift, factor + shift];
        var outer = _outerIsControl ? _control : _treatment;
        foreach (var value in candidates)
        {
            if (value > 0 && value < 1 && outer.Curve.Density(outer.ToCoordinate(value)) * outer.Scale > 1e-11)
                return outer.ToCoordinate(value);
        }
        return null;
    }

    /// <summary>Gauss-Legendre on panels that shrink towards the kink from both sides.</summary>
    private double Graded(double kink, double factor, double shift)
    {
        var outer = _outerIsControl ? _control : _treatment;
        var (nodes, weights) = GaussLegendre.Rule(PosteriorPanels.Order);
        var sum = 0.0;
        foreach (var end in (Span<double>)[outer.Curve.Low, outer.Curve.High])
        {
            var far = end;
            for (var level = 0; level < 200 && Math.Abs(far - kink) > 1e-13; level++)
            {
                var gap = far - kink;
                var near = Math.Abs(gap) > 3 * outer.Scale ? far - Math.Sign(gap) * 2 * outer.Scale : kink + 0.3 * gap;
                var half = 0.5 * (far - near);
                for (var i = 0; i < nodes.Length; i++)
                {
                    var u = near + half * (nodes[i] + 1);
                    sum += weights[i] * Math.Abs(half) * outer.Curve.Density(u) * Given(outer.ToValue(u), factor, shift);
                }
                far = near;
            }
        }
        return sum;
    }

    /// <summary>E[(high − low)⁺] = ∫ F_low (1 − F_high) dx, over the range where neither factor vanishes.</summary>
    private static double Excess(Posterior high, Posterior low)
    {
        if (high is NormalPosterior)
        {
            var sd = Math.Sqrt(high.Variance + low.Variance);
            var z = (high.Mean - low.Mean) / sd;
            // z far below 0: the two terms cancel, and what is left is below 1e-15 deviations
            return z < -8 ? 0 : sd * Normal.Density(z) + (high.Mean - low.Mean) * Normal.Cdf(z);
        }
        var panels = PosteriorPanels.Of([high, low]);
        var sum = 0.0;
        var (nodes, weights) = GaussLegendre.Rule(PosteriorPanels.Order);
        for (var p = 0; p + 1 < panels.Count; p++)
        {
            var half = 0.5 * (panels[p + 1] - panels[p]);
            for (var i = 0; i < nodes.Length; i++)
            {
                var u = panels[p] + half * (nodes[i] + 1);
                sum += weights[i] * half * low.Curve.Cdf(u) * (1 - high.Curve.Cdf(u)) * low.Slope(u);
            }
        }
        return sum;
    }

    private (double Mean, double Deviation) LiftScale()
    {
        var ratio = _treatment.Mean / _control.Mean;
        return (ratio - 1, Math.Sqrt(_treatment.Variance + ratio * ratio * _control.Variance) / Math.Abs(_control.Mean));
    }

    private bool ControlMayBeNegative() => _control is NormalPosterior && _control.Curve.Low <= 0;

    private Interval CredibleInterval(Func<double, double> quantile) => new(quantile((1 - _credibility) / 2), quantile(1 - (1 - _credibility) / 2));

    /// <summary>
    /// Secant steps on the normal score of the distribution function, nearly a straight line: after a step of 1e-7 deviations
    /// the next would be one of about 1e-11. Bracketing where that fails.
    /// </summary>
    private static double Quantile(Func<double, double> cdf, double p, double mean, double sd)
    {
        var target = Normal.Quantile(p);
        double Score(double x) => Normal.Quantile(Math.Clamp(cdf(x), 1e-15, 1 - 1e-15)) - target;
        var x0 = mean + target * sd;
        var f0 = Score(x0);
        var x1 = x0 - f0 * sd;
        for (var i = 0; i < 12; i++)
        {
            if (Math.Abs(x1 - x0) <= 1e-7 * sd)
                return x1;
            var f1 = Score(x1);
            if (f1 == 0)
                return x1;
            if (f1 == f0 || Math.Abs(f1) > 3 * Math.Abs(f0))
                break;
            (x0, x1, f0) = (x1, x1 - f1 * (x1 - x0) / (f1 - f0), f1);
        }
        return Roots.Bracketed(x => cdf(x) - p, mean, double.NegativeInfinity, double.PositiveInfinity, 1e-14);
    }
}

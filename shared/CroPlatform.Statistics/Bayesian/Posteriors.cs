using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Bayesian;

/// <summary>
/// A posterior of one arm, on a coordinate that covers the whole line: the logit of a rate, a mean as it is.
/// All figures come from <see cref="BayesianComparison"/> and <see cref="BayesianRanking"/> by deterministic quadrature.
/// </summary>
public abstract record Posterior
{
    private PosteriorCurve? _curve;

    /// <summary>Posterior mean, in the metric's unit.</summary>
    public abstract double Mean { get; }

    public abstract double Variance { get; }

    internal abstract double Mode { get; }

    /// <summary>Standard deviation of the normal approximation at the mode, in the coordinate.</summary>
    internal abstract double Scale { get; }

    internal abstract bool IsValid { get; }

    internal PosteriorCurve Curve => _curve ??= new(this);

    /// <summary>ln of the density in the coordinate, less its value at the mode.</summary>
    internal abstract double LogKernel(double coordinate);

    internal abstract double ToValue(double coordinate);

    internal abstract double ToCoordinate(double value);

    /// <summary>Slope of the value in the coordinate.</summary>
    internal abstract double Slope(double coordinate);

    /// <summary>Equal-tailed credible interval of the arm itself.</summary>
    public Computed<Interval> CredibleInterval(double credibility = 0.95) =>
        !IsValid || !(credibility > 0 && credibility < 1)
            ? NotComputable.InvalidInput("The posterior must be proper and the credibility between 0 and 1.")
            : new Interval(ToValue(Curve.Quantile((1 - credibility) / 2)), ToValue(Curve.Quantile(1 - (1 - credibility) / 2)));
}

/// <summary>Beta(A, B) of a conversion rate; A, B &gt; 0.</summary>
public sealed record BetaPosterior(double A, double B) : Posterior
{
    public override double Mean => A / (A + B);

    public override double Variance => Mean * (B / (A + B)) / (A + B + 1);

    internal override double Mode => Math.Log(A / B);

    internal override double Scale => Math.Sqrt(1 / A + 1 / B);

    internal override bool IsValid => A > 0 && B > 0 && double.IsFinite(A + B) && A > 1e-3 && B > 1e-3;

    internal override double LogKernel(double coordinate)
    {
        var d = coordinate - Mode;
        // (a + b) ln(1 + e^u) from the mode on, so that a billion units do not cancel
        return A * d - (A + B) * (d < 30 ? Log1P.Of(Mean * Log1P.ExpM1(d)) : d + Math.Log(Mean));
    }

    internal override double ToValue(double coordinate) => 1 / (1 + Math.Exp(-coordinate));

    internal override double ToCoordinate(double value) =>
        value <= 0 ? double.NegativeInfinity : value >= 1 ? double.PositiveInfinity : Math.Log(value / (1 - value));

    internal override double Slope(double coordinate)
    {
        var x = ToValue(coordinate);
        return x * (1 - x);
    }
}

/// <summary>A mean whose posterior is normal: location and standard deviation of the mean (not of the units).</summary>
public sealed record NormalPosterior(double Location, double Deviation) : Posterior
{
    public override double Mean => Location;

    public override double Variance => Deviation * Deviation;

    internal override double Mode => Location;

    internal override double Scale => Deviation;

    internal override bool IsValid => double.IsFinite(Location) && Deviation > 0 && double.IsFinite(Deviation)
        && Deviation > 1e-13 * Math.Abs(Location) && Deviation < 1e150 && Deviation > 1e-150;

    internal override double LogKernel(double coordinate)
    {
        var z = (coordinate - Location) / Deviation;
        return -0.5 * z * z;
    }

    internal override double ToValue(double coordinate) => coordinate;

    internal override double ToCoordinate(double value) => value;

    internal override double Slope(double coordinate) => 1;
}

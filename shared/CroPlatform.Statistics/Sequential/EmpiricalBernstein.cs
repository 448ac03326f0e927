using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.Sequential;

/// <summary>
/// A confidence sequence for the mean of outcomes bounded in [0, 1] (capped revenue over its cap, a rating, a conversion), valid at every
/// n from 1 on with no assumption on the distribution: the predictable plug-in empirical Bernstein sequence, intersected as it runs.
/// Source: Waudby-Smith, Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024), theorem 2.
/// </summary>
public sealed class EmpiricalBernstein
{
    private readonly double _logTwoOverAlpha;
    private double _weights;
    private double _weighted;
    private double _penalty;
    private double _mean = 0.5;
    private double _variance = 0.25;

    public EmpiricalBernstein(double confidence = 0.95)
    {
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), "Confidence must lie between 0 and 1, both excluded.");
        Confidence = confidence;
        _logTwoOverAlpha = Math.Log(2 / (1 - confidence));
    }

    public double Confidence { get; }

    public long Count { get; private set; }

    /// <summary>The running intersection; [0, 1] at first.</summary>
    public Interval Interval { get; private set; } = new(0, 1);

    /// <summary>Adds the next outcome in order of arrival.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside [0, 1].</exception>
    public void Add(double value)
    {
        if (!(value is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(value), "Outcomes must lie between 0 and 1.");
        var t = Count + 1;
        // the bet uses only what was known before this outcome
        var lambda = Math.Min(0.5, Math.Sqrt(2 * _logTwoOverAlpha / (_variance * t * Math.Log(t + 1))));
        var v = 4 * (value - _mean) * (value - _mean);
        _penalty += v * (-Log1P.Of(-lambda) - lambda) / 4;
        _weights += lambda;
        _weighted += lambda * value;
        Count = t;
        // regularized: as if one outcome of mean ½ and variance ¼ had come first
        _mean += (value - _mean) / (t + 1);
        _variance += ((value - _mean) * (value - _mean) - _variance) / (t + 1);
        var centre = _weighted / _weights;
        var half = (_logTwoOverAlpha + _penalty) / _weights;
        var low = Math.Max(Interval.Low, centre - half);
        var high = Math.Min(Interval.High, centre + half);
        Interval = low <= high ? new(low, high) : new(Math.Min(low, Interval.High), Math.Min(low, Interval.High));
    }

    /// <summary>treatment − control: both sequences at half the error each.</summary>
    public static Interval Difference(EmpiricalBernstein control, EmpiricalBernstein treatment)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(treatment);
        return new(treatment.Interval.Low - control.Interval.High, treatment.Interval.High - control.Interval.Low);
    }
}

/// <summary>Stopping by expected loss: reported by simulation, not guaranteed to keep any type-I error.</summary>
public static class BayesianStopping
{
    /// <summary>The arm whose expected loss has fallen to the threshold of caring, or null: go on.</summary>
    /// <param name="comparison">Treatment against control.</param>
    /// <param name="threshold">In the metric's unit, above 0.</param>
    public static Computed<string?> Decide(Bayesian.BayesianComparison comparison, double threshold)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        if (!(threshold > 0))
            return NotComputable.InvalidInput("The threshold of caring must be above 0.");
        var (loss, ofControl) = (comparison.ExpectedLoss, comparison.ExpectedLossOfControl);
        return Math.Min(loss, ofControl) > threshold ? (string?)null : loss <= ofControl ? "treatment" : "control";
    }
}

using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.Numerics;

namespace CroPlatform.Statistics.PowerAnalysis;

/// <summary>How several treatments share the error.</summary>
public enum ArmCorrection
{
    None,
    Bonferroni,
    Dunnett,
}

/// <summary>What a plan is for: error, power, sides, arms, and what makes it cheaper or dearer than the plain fixed-horizon test.</summary>
public sealed record PowerOptions
{
    /// <summary>Type-I error of the whole test (both sides together when two-sided).</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>Probability of finding the effect, for each treatment.</summary>
    public double Power { get; init; } = 0.8;

    /// <summary>One-sided: <c>Greater</c> or <c>Less</c>, whichever way the effect points.</summary>
    public Alternative Alternative { get; init; }

    /// <summary>Units of each treatment for one unit of control.</summary>
    public double AllocationRatio { get; init; } = 1;

    /// <summary>Treatments, each compared with control.</summary>
    public int Treatments { get; init; } = 1;

    public ArmCorrection Correction { get; init; } = ArmCorrection.Bonferroni;

    /// <summary>Correlation of the metric with its covariate: CUPED multiplies the variance by 1 − ρ².</summary>
    public double CovariateCorrelation { get; init; }

    /// <summary>Largest information of a sequential design over the fixed test's (<c>GroupSequentialDesign.InflationFactor</c>).</summary>
    public double SequentialInflation { get; init; } = 1;

    internal bool TwoSided => Alternative == Alternative.TwoSided;

    /// <summary>The variance that is left: CUPED's gain, against sequential inflation.</summary>
    internal double VarianceFactor => (1 - CovariateCorrelation * CovariateCorrelation) * SequentialInflation;

    /// <summary>The tail error of one comparison.</summary>
    internal double TailAlpha
    {
        get
        {
            if (Treatments == 1 || Correction == ArmCorrection.None)
                return TwoSided ? Alpha / 2 : Alpha;
            if (Correction == ArmCorrection.Bonferroni)
                return Alpha / Treatments / (TwoSided ? 2 : 1);
            var rho = AllocationRatio / (1 + AllocationRatio);
            return Normal.UpperTail(Dunnett.CriticalValue(Enumerable.Repeat(rho, Treatments).ToArray(), Alpha, double.PositiveInfinity, TwoSided));
        }
    }

    internal NotComputable? Check()
    {
        if (!(Alpha > 0 && Alpha < 1) || !(Power > 0 && Power < 1))
            return NotComputable.InvalidInput("Alpha and power must lie between 0 and 1, both excluded.");
        if (!(AllocationRatio > 0) || !double.IsFinite(AllocationRatio) || Treatments < 1 || Treatments > 100)
            return NotComputable.InvalidInput("The allocation ratio must be positive and there must be 1 to 100 treatments.");
        if (!(Math.Abs(CovariateCorrelation) < 1) || !(SequentialInflation >= 1) || !double.IsFinite(SequentialInflation))
            return NotComputable.InvalidInput("The covariate's correlation lies within ±1 and the sequential inflation is at least 1.");
        return Power <= TailAlpha ? NotComputable.InvalidInput("The power must exceed the error of the test.") : null;
    }
}

/// <summary>Units needed. <see cref="ControlExact"/> is before rounding up; the power is that of the exact figure.</summary>
public sealed record SampleSizePlan(double ControlExact, long Control, long PerTreatment, int Treatments)
{
    public double Total => Control + (double)PerTreatment * Treatments;
}

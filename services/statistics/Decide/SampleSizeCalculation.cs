using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Receive;
using CroPlatform.Statistics;
using CroPlatform.Statistics.PowerAnalysis;
using CroPlatform.Statistics.Sequential;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>Units needed. A figure that cannot be computed is null and named in <c>missing</c>.</summary>
internal sealed record SampleSizeAnswer
{
    /// <summary>Units of the control before rounding up: those that give the power asked for.</summary>
    public double? ControlExact { get; init; }

    public double? Control { get; init; }
    public double? PerTreatment { get; init; }
    public double? Total { get; init; }

    /// <summary>The effect in the metric's own unit.</summary>
    public required double AbsoluteEffect { get; init; }

    /// <summary>What looking early costs: the units over those of a single look; 1 with one look.</summary>
    public double? SequentialInflation { get; init; }

    /// <summary>Days of traffic, not rounded; null unless <c>units_per_day</c> is given.</summary>
    public double? Days { get; init; }

    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

/// <summary>How many units an experiment needs.</summary>
internal static class SampleSizeCalculation
{
    public static SampleSizeAnswer Of(SampleSizeRequest request)
    {
        var effect = request.AbsoluteEffect ?? request.Baseline!.Value * request.RelativeEffect!.Value;
        var inflation = Inflation(request);
        var plan = inflation.Then(i => Plan(request, effect, i));
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        return new SampleSizeAnswer
        {
            ControlExact = figures.Take("control_exact", plan, p => p.ControlExact),
            Control = figures.Take("control", plan, p => p.Control),
            PerTreatment = figures.Take("per_treatment", plan, p => p.PerTreatment),
            Total = figures.Take("total", plan, p => p.Total),
            AbsoluteEffect = effect,
            SequentialInflation = figures.Take("sequential_inflation", inflation, i => i),
            Days = figures.Take("days", plan.Then(p => Days(request, p)), d => d),
            Missing = missing,
        };
    }

    private static Computed<SampleSizePlan> Plan(SampleSizeRequest request, double effect, double inflation)
    {
        var options = new PowerOptions
        {
            Alpha = request.Alpha,
            Power = request.Power,
            Alternative = request.TwoSided ? Alternative.TwoSided : Alternative.Greater,
            AllocationRatio = request.AllocationRatio,
            Treatments = request.Treatments,
            Correction = request.Correction switch { "none" => ArmCorrection.None, "dunnett" => ArmCorrection.Dunnett, _ => ArmCorrection.Bonferroni },
            CovariateCorrelation = request.CovariateCorrelation,
            SequentialInflation = Math.Max(1, inflation),
        };
        return request.Kind == CalculationRules.Conversion
            ? SampleSize.ForProportions(request.Baseline!.Value, request.Baseline.Value + effect, options)
            : SampleSize.ForMeans(effect, request.StandardDeviation!.Value, options);
    }

    /// <summary>Of a design at the error of one comparison, Bonferroni's also where Dunnett's, which is hardly larger, decides.</summary>
    private static Computed<double> Inflation(SampleSizeRequest request)
    {
        if (request.Looks == 1) return 1.0;
        var comparisons = request.Correction == "none" ? 1 : request.Treatments;
        var options = new GroupSequentialOptions { Alpha = request.Alpha / comparisons, Beta = 1 - request.Power, TwoSided = request.TwoSided };
        return GroupSequentialDesign.Create(SequentialPlanCalculation.EqualTimes(request.Looks), options).Map(d => d.InflationFactor);
    }

    private static Computed<double> Days(SampleSizeRequest request, SampleSizePlan plan) =>
        request.UnitsPerDay is { } traffic ? Duration.Days(plan, traffic) : new NotComputable("not_asked", "No traffic was given.");
}

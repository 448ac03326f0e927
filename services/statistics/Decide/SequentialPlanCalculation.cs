using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Receive;
using CroPlatform.Statistics.Sequential;

namespace CroPlatform.Services.Statistics.Decide;

internal sealed record SequentialPlanAnswer
{
    /// <summary>The largest sample over that of one look at the end, at the same error and power.</summary>
    public double? Inflation { get; init; }

    /// <summary>The z that is expected at the last look where the effect is the one planned for.</summary>
    public double? Drift { get; init; }

    public required IReadOnlyList<PlannedLook> Looks { get; init; }
    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

/// <param name="Look">1-based.</param>
/// <param name="Information">Share of the planned information, 0 to 1.</param>
/// <param name="Units">In all arms, rounded up; null unless <c>fixed_units</c> is given.</param>
/// <param name="UpperBound">Stop for an effect at or above this z; two-sided also at or below its negative. Null: nothing is spent yet.</param>
/// <param name="NominalPValue">The p that belongs to the bound: both sides if two-sided.</param>
/// <param name="FutilityBound">Stop for want of an effect at or below this z (two-sided: |z|). Null: this look has none.</param>
/// <param name="AlphaSpent">Of the whole error, up to and with this look.</param>
/// <param name="StopProbability">That this look stops for the effect, where the effect is the one planned for.</param>
internal sealed record PlannedLook(
    int Look, double Information, double? Units, double? UpperBound, double? NominalPValue, double? FutilityBound, double AlphaSpent, double StopProbability);

/// <summary>The bounds of a group-sequential design.</summary>
internal static class SequentialPlanCalculation
{
    public static SequentialPlanAnswer Of(SequentialPlanRequest request)
    {
        var spending = request.Spending switch
        {
            CalculationRules.Pocock => Spending.Pocock,
            CalculationRules.HwangShihDecani => Spending.HwangShihDeCani(request.SpendingParameter!.Value),
            CalculationRules.KimDemets => Spending.KimDeMets(request.SpendingParameter!.Value),
            _ => Spending.OBrienFleming,
        };
        var design = GroupSequentialDesign.Create(request.Times ?? EqualTimes(request.Looks!.Value), new GroupSequentialOptions
        {
            Alpha = request.Alpha,
            Beta = 1 - request.Power,
            TwoSided = request.TwoSided,
            AlphaSpending = spending,
            BetaSpending = request.Futility == "none" ? null : spending,
            BindingFutility = request.Futility == "binding",
        });
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        return new SequentialPlanAnswer
        {
            Inflation = figures.Take("inflation", design, d => d.InflationFactor),
            Drift = figures.Take("drift", design, d => d.Drift),
            Looks = design.TryGet(out var plan) ? Looks(plan, request.FixedUnits) : [],
            Missing = missing,
        };
    }

    public static double[] EqualTimes(int looks) => [.. Enumerable.Range(1, looks).Select(k => (double)k / looks)];

    private static IReadOnlyList<PlannedLook> Looks(GroupSequentialDesign design, long? fixedUnits)
    {
        var stops = design.StopProbabilities(design.Drift);
        var options = design.Options;
        var sides = options.TwoSided ? 2 : 1;
        return [.. design.Times.Select((time, k) => new PlannedLook(
            k + 1,
            time,
            fixedUnits is { } units ? Math.Ceiling(units * design.InflationFactor * time * (1 - 1e-12)) : null,
            Finite(design.UpperBounds[k]),
            double.IsFinite(design.UpperBounds[k]) ? Math.Min(1, sides * design.NominalLevels[k]) : null,
            Futility(design, k),
            sides * options.AlphaSpending.Spent(time, options.Alpha / sides),
            stops[k]))];
    }

    private static double? Futility(GroupSequentialDesign design, int look)
    {
        if (design.Options.BetaSpending is null) return null;
        if (!design.Options.TwoSided) return Finite(design.LowerBounds[look]);
        return design.WedgeBounds[look] > 0 ? design.WedgeBounds[look] : null;
    }

    private static double? Finite(double bound) => double.IsFinite(bound) ? bound : null;
}

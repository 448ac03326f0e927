using CroPlatform.Services.Statistics.Check;
using CroPlatform.Services.Statistics.Receive;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Frequentist;
using CroPlatform.Statistics.Multiplicity;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>The figures of one metric, named and meant as in an experiment's results.</summary>
internal sealed record SignificanceAnswer
{
    public required string Kind { get; init; }
    public required double Confidence { get; init; }

    /// <summary>Of all variants at once: chi-square without Yates for conversions, Welch's ANOVA for means.</summary>
    public double? PValue { get; init; }

    public double? LogPValue { get; init; }
    public required IReadOnlyList<SignificanceVariant> Variants { get; init; }
    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

/// <summary>One variant. Lift, difference and p are against the control; lift is treatment / control − 1.</summary>
internal sealed record SignificanceVariant
{
    public required string Key { get; init; }
    public required bool Control { get; init; }
    public required long N { get; init; }
    public double? Mean { get; init; }
    public double? StandardError { get; init; }
    public double? Lift { get; init; }
    public double[]? LiftInterval { get; init; }
    public double? Difference { get; init; }
    public double[]? DifferenceInterval { get; init; }
    public double? PValue { get; init; }
    public double? LogPValue { get; init; }

    /// <summary>Holm's, over the variants that have a p.</summary>
    public double? AdjustedPValue { get; init; }

    /// <summary>The adjusted p is at most 1 − confidence, and no interval at that confidence holds 0; null for the control.</summary>
    public bool? Significant { get; init; }

    public required IReadOnlyDictionary<string, string> Missing { get; init; }
}

/// <summary>Fixed-horizon tests on counts or moments: pooled z and chi-square for conversions, Welch's for means.</summary>
internal static class SignificanceCalculation
{
    private static readonly NotComputable Itself = new("control", "This is the control: there is nothing to compare it with.");

    public static SignificanceAnswer Of(SignificanceRequest request)
    {
        var arms = request.Variants!.Select(a => a!).ToList();
        var isConversion = request.Kind == CalculationRules.Conversion;
        var control = Math.Max(0, arms.FindIndex(a => a.Control));
        var comparisons = arms.ConvertAll(a => a == arms[control]
            ? new Comparison(Itself, Itself, Itself, request.Confidence)
            : isConversion
                ? TwoProportions.Compare(Rate(arms[control]), Rate(a), request.Confidence)
                : WelchT.Compare(Summary(arms[control]), Summary(a), request.Confidence));
        var adjusted = Adjust(comparisons);
        var overall = isConversion
            ? ContingencyTable.ChiSquare([.. arms.Where(a => a.N > 0).Select(Rate)])
            : WelchAnova.Test([.. arms.Where(a => a.N > 0).Select(Summary)]);
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        return new SignificanceAnswer
        {
            Kind = request.Kind!,
            Confidence = request.Confidence,
            PValue = figures.Take("p_value", overall, t => t.PValue),
            LogPValue = figures.Take("log_p_value", overall, t => t.LogPValue),
            Variants = [.. arms.Select((a, i) => Variant(a, i == control, comparisons[i], adjusted[i], isConversion))],
            Missing = missing,
        };
    }

    private static SignificanceVariant Variant(ArmRequest arm, bool isControl, Comparison comparison, Computed<double> adjusted, bool isConversion)
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        Computed<double> none = NotComputable.TooFewUnits("There are no units.");
        if (isControl) missing["significant"] = Itself.Code;
        var mean = arm.N == 0 ? none : isConversion ? Rate(arm).Rate : arm.Mean!.Value;
        return new SignificanceVariant
        {
            Key = arm.Key!,
            Control = isControl,
            N = arm.N!.Value,
            Mean = figures.Take("mean", mean, m => m),
            StandardError = figures.Take("standard_error", arm.N == 0 ? none : StandardError(arm, isConversion), e => e),
            Lift = figures.Take("lift", comparison.Lift, l => l.Value),
            LiftInterval = figures.TakeInterval("lift_interval", comparison.Lift),
            Difference = figures.Take("difference", comparison.Difference, d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", comparison.Difference),
            PValue = figures.Take("p_value", comparison.Test, t => t.PValue),
            LogPValue = figures.Take("log_p_value", comparison.Test, t => t.LogPValue),
            AdjustedPValue = figures.Take("adjusted_p_value", adjusted, p => p),
            Significant = isControl ? null : comparison.IsSignificant && adjusted.TryGet(out var p) && p <= 1 - comparison.Confidence,
            Missing = missing,
        };
    }

    private static List<Computed<double>> Adjust(List<Comparison> comparisons)
    {
        var tested = comparisons.Where(c => c.Test.IsComputed).ToList();
        var adjusted = PValueAdjustment.Holm([.. tested.Select(c => c.Test.Value.PValue)]);
        return comparisons.ConvertAll(c => c.Test.Then(_ => adjusted.Map(all => all[tested.IndexOf(c)])));
    }

    private static double StandardError(ArmRequest arm, bool isConversion)
    {
        if (!isConversion) return arm.StandardDeviation!.Value / Math.Sqrt(arm.N!.Value);
        var rate = Rate(arm).Rate;
        return Math.Sqrt(rate * (1 - rate) / arm.N!.Value);
    }

    private static Proportion Rate(ArmRequest arm) => new(arm.Conversions!.Value, arm.N!.Value);

    private static SampleSummary Summary(ArmRequest arm) => new(arm.N!.Value, arm.Mean!.Value, arm.StandardDeviation!.Value * arm.StandardDeviation.Value);
}

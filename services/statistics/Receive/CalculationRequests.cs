using System.Text.Json;
using System.Text.Json.Serialization;

namespace CroPlatform.Services.Statistics.Receive;

/// <summary>A part of a calculation's body. What it has no member for is kept, so that a misspelt option is refused and not left out.</summary>
internal abstract record CalculationPart
{
    [JsonExtensionData] public Dictionary<string, JsonElement>? Unknown { get; init; }
}

/// <summary>Body of <c>sample-size</c>: a baseline, and the effect to be found as a share of it or in the metric's own unit.</summary>
internal sealed record SampleSizeRequest : CalculationPart
{
    /// <summary>conversion or mean.</summary>
    public string? Kind { get; init; }

    /// <summary>The control's rate, or its mean.</summary>
    public double? Baseline { get; init; }

    public double? RelativeEffect { get; init; }
    public double? AbsoluteEffect { get; init; }

    /// <summary>Of one unit; means only.</summary>
    public double? StandardDeviation { get; init; }

    public double Alpha { get; init; } = 0.05;
    public double Power { get; init; } = 0.8;
    public bool TwoSided { get; init; } = true;
    public int Treatments { get; init; } = 1;

    /// <summary>How treatments share alpha: none, bonferroni or dunnett.</summary>
    public string Correction { get; init; } = "bonferroni";

    /// <summary>Units of each treatment for one of the control.</summary>
    public double AllocationRatio { get; init; } = 1;

    /// <summary>Of the metric with its value before the exposure (CUPED).</summary>
    public double CovariateCorrelation { get; init; }

    /// <summary>Looks of a group-sequential test (O'Brien-Fleming type) at equal distances; 1: one look at the end.</summary>
    public int Looks { get; init; } = 1;

    /// <summary>New units that take part each day; with it the answer has days.</summary>
    public double? UnitsPerDay { get; init; }
}

/// <summary>Body of <c>significance</c>: the counts of an experiment that ran anywhere.</summary>
internal sealed record SignificanceRequest : CalculationPart
{
    /// <summary>conversion or mean.</summary>
    public string? Kind { get; init; }

    /// <summary>The control is the first unless one says so.</summary>
    public IReadOnlyList<ArmRequest?>? Variants { get; init; }

    public double Confidence { get; init; } = 0.95;
}

internal sealed record ArmRequest : CalculationPart
{
    public string? Key { get; init; }
    public bool Control { get; init; }
    public long? N { get; init; }

    /// <summary>Units that converted; conversions only.</summary>
    public long? Conversions { get; init; }

    public double? Mean { get; init; }

    /// <summary>Of one unit, with the divisor n − 1; means only.</summary>
    public double? StandardDeviation { get; init; }
}

/// <summary>Body of <c>sequential-plan</c>: when to look, and how to spend the error.</summary>
internal sealed record SequentialPlanRequest : CalculationPart
{
    /// <summary>Looks at equal distances; instead of <see cref="Times"/>.</summary>
    public int? Looks { get; init; }

    /// <summary>Shares of the planned information, ascending, the last 1.</summary>
    public IReadOnlyList<double>? Times { get; init; }

    public double Alpha { get; init; } = 0.05;
    public double Power { get; init; } = 0.8;
    public bool TwoSided { get; init; } = true;

    /// <summary>obrien_fleming, pocock, hwang_shih_decani or kim_demets; the last two take a parameter.</summary>
    public string Spending { get; init; } = "obrien_fleming";

    public double? SpendingParameter { get; init; }

    /// <summary>none, non_binding or binding: stopping when an effect has become unlikely, by the same spending.</summary>
    public string Futility { get; init; } = "none";

    /// <summary>Units in all arms that one look at the end would take; with it each look has its units.</summary>
    public long? FixedUnits { get; init; }
}

/// <summary>Body of <c>meta-analysis</c>: the effects of independent experiments, all in one unit.</summary>
internal sealed record MetaAnalysisRequest : CalculationPart
{
    public IReadOnlyList<EffectRequest?>? Effects { get; init; }

    /// <summary>random or fixed.</summary>
    public string Model { get; init; } = "random";

    /// <summary>reml or dersimonian_laird; random effects only.</summary>
    public string? Estimator { get; init; }

    /// <summary>t with the residual spread instead of z; random effects only, where it is the default.</summary>
    public bool? HartungKnapp { get; init; }

    public double Confidence { get; init; } = 0.95;
}

internal sealed record EffectRequest : CalculationPart
{
    public string? Key { get; init; }
    public double? Effect { get; init; }
    public double? StandardError { get; init; }
}

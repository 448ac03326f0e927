using System.Text.Json.Serialization;
using CroPlatform.Experimentation;
using CroPlatform.Experimentation.Facts;
using CroPlatform.Services.Statistics.Fold;
using CroPlatform.Statistics;
using CroPlatform.Statistics.Multiplicity;
using CroPlatform.Statistics.Numerics;
using CroPlatform.Statistics.Trust;

namespace CroPlatform.Services.Statistics.Decide;

/// <summary>A treatment in one slice, day or class, against the control there.</summary>
internal sealed record SliceFigures
{
    public required string Variant { get; init; }
    public required long N { get; init; }
    public double? Mean { get; init; }
    public double? Difference { get; init; }
    public double[]? DifferenceInterval { get; init; }
    public double? Lift { get; init; }
    public double[]? LiftInterval { get; init; }
    public double? PValue { get; init; }

    /// <summary>Holm's over all values of all dimensions and all arms of the metric.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AdjustedPValue { get; init; }

    public required IReadOnlyDictionary<string, string> Missing { get; init; }

    private static readonly NotComputable Control = new("control", "This is the control: there is nothing to compare it with.");

    /// <summary>Every arm of a slice.</summary>
    public static IReadOnlyList<SliceFigures> Of(Experiment experiment, int metric, IReadOnlyList<Arm[]> phases) => [.. experiment.Variants.Select((variant, i) =>
    {
        var missing = new Dictionary<string, string>();
        var figures = new Figures(missing);
        var isControl = i == experiment.Control;
        var arms = ArmComparison.Of(experiment, metric, phases, i);
        var comparison = isControl ? new Comparison(Control, Control, Control, experiment.Decision.Confidence) : arms.At(experiment.Decision.Confidence);
        return new SliceFigures
        {
            Variant = variant.Key,
            N = arms.Pooled.Treatment.N,
            Mean = figures.Take("mean", arms.Pooled.Treatment.Mean, m => m),
            Difference = figures.Take("difference", comparison.Difference, d => d.Value),
            DifferenceInterval = figures.TakeInterval("difference_interval", comparison.Difference),
            Lift = figures.Take("lift", comparison.Lift, l => l.Value),
            LiftInterval = figures.TakeInterval("lift_interval", comparison.Lift),
            PValue = figures.Take("p_value", comparison.Test, t => t.PValue),
            Missing = missing,
        };
    })];
}

/// <summary>A metric by the values of one dimension.</summary>
/// <param name="HeterogeneityPValue">That the effect of the first treatment is the same for every value (Cochran's Q); null where it cannot be told.</param>
/// <param name="IsReversed">Simpson's paradox: the effect within the values is opposed to that of all of them, and the arms' mixes differ beyond chance.</param>
internal sealed record DimensionResult(
    string Dimension, string Metric, double? HeterogeneityPValue, bool? IsReversed, IReadOnlyList<DimensionValue> Values);

internal sealed record DimensionValue(string Value, IReadOnlyList<SliceFigures> Variants);

/// <param name="Day">Whole days since the exposure.</param>
internal sealed record AgeResult(int Day, string Metric, IReadOnlyList<SliceFigures> Variants);

/// <summary>A metric with and without a class of units that is excluded.</summary>
/// <param name="Units">In the class.</param>
/// <param name="Variants">With them let in.</param>
/// <param name="Without">As the results have it.</param>
internal sealed record ClassResult(string Class, string Metric, long Units, IReadOnlyList<SliceFigures> Variants, IReadOnlyList<SliceFigures> Without);

/// <summary>Analyses what a survey counted. Pure.</summary>
internal static class SurveyAnalysis
{
    private const double MixThreshold = 0.001;

    public static IReadOnlyList<DimensionResult> ByDimension(SurveyNumbers survey)
    {
        var experiment = survey.Experiment;
        return [.. experiment.Metrics.SelectMany((metric, i) =>
        {
            var results = Dimensions.Names.Select((name, d) =>
            {
                var values = survey.Slices.Where(s => s.Key.Dimension == d).GroupBy(s => s.Key.Value)
                    .Select(v => (Value: v.Key, Phases: Phases(experiment, i, v.Select(s => (s.Key.Phase, s.Key.Variant, s.Value)))))
                    .OrderByDescending(v => v.Phases.Sum(p => p.Sum(a => a.Units))).ThenBy(v => v.Value, StringComparer.Ordinal).ToList();
                return new DimensionResult(
                    name, metric.Key, Heterogeneity(experiment, i, values.ConvertAll(v => v.Phases)), IsReversed(experiment, i, values.ConvertAll(v => v.Phases)),
                    [.. values.Select(v => new DimensionValue(v.Value, SliceFigures.Of(experiment, i, v.Phases)))]);
            }).ToList();
            return Adjusted(results);
        })];
    }

    /// <summary>By whole days since the exposure, units of every day being those that were watched through it.</summary>
    public static IReadOnlyList<AgeResult> ByAge(SurveyNumbers survey) =>
    [
        .. survey.ByAge.GroupBy(a => a.Key.Age).OrderBy(a => a.Key).SelectMany(age => survey.Experiment.Metrics
            .Select((metric, i) => (metric, i)).Where(m => m.metric.Kind is not (MetricKind.Retention or MetricKind.Duration))
            .Select(m => new AgeResult(age.Key, m.metric.Key, SliceFigures.Of(
                survey.Experiment, m.i, Phases(survey.Experiment, m.i, age.Select(a => (a.Key.Phase, a.Key.Variant, a.Value))))))),
    ];

    /// <summary>Each metric as it would be with a class of excluded units let in, and as it is.</summary>
    public static IReadOnlyList<ClassResult> WithClass(SurveyNumbers survey, Numbers numbers) =>
    [
        .. ((string[])[ExclusionClass.Crossover, ExclusionClass.Mismatch, ExclusionClass.Bot]).SelectMany(name => survey.Experiment.Metrics.Select((metric, i) =>
        {
            var cells = numbers.Cells.Select(c => (c.Key.Phase, c.Key.Variant, c.Cell))
                .Concat(survey.Classes.Where(c => c.Key.Class == name).Select(c => (c.Key.Phase, c.Key.Variant, c.Value)));
            return new ClassResult(
                name, metric.Key, survey.Classes.Where(c => c.Key.Class == name).Sum(c => c.Value.Units),
                SliceFigures.Of(survey.Experiment, i, Phases(survey.Experiment, i, cells)), SliceFigures.Of(survey.Experiment, i, numbers.ArmsByPhase(survey.Experiment, i)));
        })),
    ];

    public static IReadOnlyList<Arm[]> Phases(Experiment experiment, int metric, IEnumerable<(int Phase, int Variant, Cell Cell)> cells)
    {
        var phases = new SortedDictionary<int, Arm[]>();
        foreach (var (phase, variant, cell) in cells)
        {
            if (!phases.TryGetValue(phase, out var arms)) phases[phase] = arms = Array.ConvertAll([.. experiment.Variants], _ => Arm.Empty(experiment.Metrics[metric]));
            arms[variant] += new Arm(experiment.Metrics[metric], cell.Units, cell.Moments[metric], cell.Counts[metric]);
        }

        return [.. phases.Values];
    }

    private static List<DimensionResult> Adjusted(List<DimensionResult> results)
    {
        var pValues = results.SelectMany(r => r.Values).SelectMany(v => v.Variants).Select(f => f.PValue).OfType<double>().ToList();
        if (!PValueAdjustment.Holm(pValues).TryGet(out var adjusted)) return results;
        var next = 0;
        return results.ConvertAll(r => r with
        {
            Values = [.. r.Values.Select(v => v with { Variants = [.. v.Variants.Select(f => f.PValue is null ? f : f with { AdjustedPValue = adjusted[next++] })] })],
        });
    }

    private static double? Heterogeneity(Experiment experiment, int metric, List<IReadOnlyList<Arm[]>> values)
    {
        var effects = values.Select(v => ArmComparison.Of(experiment, metric, v, FirstTreatment(experiment)).Means)
            .Where(m => m.IsComputed && m.Value.DifferenceError > 0).Select(m => m.Value).ToList();
        if (effects.Count < 2) return null;
        var weights = effects.ConvertAll(e => 1 / (e.DifferenceError * e.DifferenceError));
        var mean = effects.Zip(weights, (e, w) => e.Difference * w).Sum() / weights.Sum();
        return ChiSquare.UpperTail(effects.Zip(weights, (e, w) => w * (e.Difference - mean) * (e.Difference - mean)).Sum(), effects.Count - 1).P;
    }

    private static bool? IsReversed(Experiment experiment, int metric, List<IReadOnlyList<Arm[]>> values)
    {
        if (!experiment.Metrics[metric].IsBinary || values.Count < 2) return null;
        var simpson = SimpsonResult.Of([.. values.Select(v =>
        {
            var (control, treatment) = ArmComparison.Of(experiment, metric, v, FirstTreatment(experiment)).Pooled;
            return (control.Proportion, treatment.Proportion);
        })]);
        return simpson.TryGet(out var result) ? result.IsReversed && result.MixTest.TryGet(out var mix) && mix.PValue < MixThreshold : null;
    }

    private static int FirstTreatment(Experiment experiment) => experiment.Control == 0 ? 1 : 0;
}
